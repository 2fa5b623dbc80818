"""Features as scikit-learn transformers, for pipelines and grid searches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin

from matdata.core.errors import FeatureError


class FeatureTransformer(TransformerMixin, BaseEstimator):
    """Transformer of materials to features, one row per material.

    Per-site features are averaged over the sites of each crystal. A material that cannot be
    featurized raises, since an estimator cannot leave out rows.

    Parameters
    ----------
    spec
        Feature name.
    settings
        Settings of the featurizer.
    """

    def __init__(self, spec: str, settings: Mapping[str, object] | None = None) -> None:
        self.spec = spec
        self.settings = settings

    def fit(self, X: object, y: object = None) -> FeatureTransformer:
        """Check names and settings; nothing is learned.

        Raises
        ------
        FeatureError
            If the feature is unknown.
        ConfigError
            If a setting is unknown or has a wrong value.
        """
        from matdata.features import featurizer

        featurizer(self.spec, self.settings).labels()
        return self

    def transform(self, X: object) -> npt.NDArray[Any]:
        """Features of materials, (n, columns).

        Raises
        ------
        FeatureError
            If a material fails; names its position and reason.
        """
        from matdata.materials.compute import compute

        computed = compute(self.spec, X, **dict(self.settings or {}))
        if computed.rejects:
            first = computed.rejects[0]
            raise FeatureError(
                f"{len(computed.rejects)} materials have no {self.spec}; the first is "
                f"{first.material_id}: {first.reason}: {first.message}",
                next_step="leave them out before the transformer",
            )
        if computed.offsets is None:
            return computed.values
        starts, counts = computed.offsets[:-1], np.diff(computed.offsets)
        sums = np.add.reduceat(computed.values, starts, axis=0, dtype=np.float64)
        means: npt.NDArray[Any] = (sums / counts[:, None]).astype(computed.values.dtype)
        return means

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[Any]:
        """Labels of the columns, (columns,)."""
        from matdata.features import featurizer

        return np.asarray(featurizer(self.spec, self.settings).labels(), dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True
