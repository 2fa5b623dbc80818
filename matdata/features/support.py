"""Common support: the materials for which several features all succeed."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.ledger import Reject
from matdata.features.base import Dense
from matdata.features.opened import FeatureLike


@dataclass(frozen=True)
class CommonSupport:
    """The materials of a dataset that have every one of some features.

    Models that read different inputs are scored on the same materials when they keep to these.

    Attributes
    ----------
    ids : (k,) str
        Material ids, in the order of the dataset.
    rows : (k,) int64
        Their rows in the dataset.
    features
        Each feature by name.
    lost
        For each feature the ledger rows of the materials that lack it.
    """

    ids: npt.NDArray[np.str_]
    rows: npt.NDArray[np.int64]
    features: Mapping[str, FeatureLike]
    lost: Mapping[str, list[Reject]]

    def __len__(self) -> int:
        return len(self.ids)

    def dense(self, spec: str) -> Dense:
        """The dense form of one feature for exactly these materials, in this order."""
        return self.features[spec].dense(self.ids.tolist())


def common_support(ids: npt.NDArray[np.str_], features: Mapping[str, FeatureLike]) -> CommonSupport:
    """Keep exactly the rows for which all features succeeded.

    Parameters
    ----------
    ids
        Material ids of the dataset.
    features
        Features of that dataset by name; none keeps every row.
    """
    rows = functools.reduce(
        np.intersect1d, (feature.rows for feature in features.values()), np.arange(len(ids))
    ).astype(np.int64)
    lost = {name: feature.rejects() for name, feature in features.items()}
    return CommonSupport(ids[rows], rows, dict(features), lost)
