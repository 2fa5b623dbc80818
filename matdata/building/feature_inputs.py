"""What a featurizer needs of a dataset that is about to be made."""

from __future__ import annotations

from collections.abc import Iterable

from matdata.core.errors import FeatureError
from matdata.features.base import Featurizer
from matdata.features.curated import FromCuration


def require_structures(
    featurizers: Iterable[Featurizer], kind: str, name: str, *, labelled: bool = False
) -> None:
    """Refuse features of structures where there are compositions only.

    Parameters
    ----------
    featurizers
        Features that are asked for.
    kind, name
        Kind and name of the dataset, or of the snapshot that it will be made from.
    labelled
        Whether there are protostructures, of which some features can be read.

    Raises
    ------
    FeatureError
        If one needs structures and there are none.
    """
    for one in featurizers:
        if labelled and isinstance(one, FromCuration) and one.label_columns():
            continue
        if "structure" in one.requires and kind == "composition":
            raise FeatureError(
                f"feature {one.spec!r} needs structures; {name} holds compositions only",
                next_step="choose features of compositions, or a source with structures",
            )
