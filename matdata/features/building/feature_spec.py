"""A featurizer by its name and settings: what a task names, and a worker makes."""

from __future__ import annotations

import json
from dataclasses import dataclass

from matdata.core.errors import FeatureError
from matdata.features import featurizer as make_featurizer
from matdata.features.base import Featurizer


@dataclass(frozen=True)
class FeatureSpec:
    """A featurizer by its name and settings.

    Attributes
    ----------
    spec
        ``name`` or ``name:variant``.
    settings
        All settings but the variant, as JSON.
    digest
        Digest of its identity: a worker with another version of it is refused.
    """

    spec: str
    settings: str
    digest: str

    @classmethod
    def of(cls, featurizer: Featurizer) -> FeatureSpec:
        """The name and settings of a featurizer."""
        settings = {k: v for k, v in featurizer.settings.to_dict().items() if k != "variant"}
        return cls(featurizer.spec, json.dumps(settings, sort_keys=True), featurizer.digest())

    def make(self) -> Featurizer:
        """The featurizer.

        Raises
        ------
        FeatureError
            If this process has another version of it.
        """
        featurizer = make_featurizer(self.spec, json.loads(self.settings))
        if featurizer.digest() != self.digest:
            raise FeatureError(
                f"{self.spec} is version {featurizer.version} in a worker, another one where the "
                "command was given",
                cause="its plugin was installed or changed on one of the two machines only",
                next_step="install the same version of it everywhere",
            )
        return featurizer
