"""What a featurizer needs of a dataset that is about to be made."""

from __future__ import annotations

from collections.abc import Iterable

from matdata.core.errors import FeatureError
from matdata.features.base import Featurizer


def require_structures(featurizers: Iterable[Featurizer], kind: str, name: str) -> None:
    """Refuse features of structures where there are compositions only.

    Parameters
    ----------
    featurizers
        Features that are asked for.
    kind, name
        Kind and name of the dataset, or of the snapshot that it will be made from.

    Raises
    ------
    FeatureError
        If one needs structures and there are none.
    """
    for one in featurizers:
        if "structure" in one.requires and kind == "composition":
            raise FeatureError(
                f"feature {one.spec!r} needs structures; {name} holds compositions only",
                next_step="choose features of compositions, or a source with structures",
            )
