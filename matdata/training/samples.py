"""Materials as arrays, for plugins with a fit of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.features.base import Dense


@dataclass(frozen=True, eq=False)
class Samples:
    """Materials as arrays, for plugins with a fit of their own.

    Attributes
    ----------
    ids : (n,) str
        Material ids.
    inputs
        By spec the dense form of each feature, (n, d), or `Ragged` with n rows.
    targets : (n, t) float64
        Targets as columns, 0 where unknown; t is 0 when predicting. Numbers are less the mean and
        over the standard deviation of the training part, so that neither unit nor offset matter to
        a fit; classes are their indices.
    mask : (n, t) bool
        Where a target is known.
    """

    ids: npt.NDArray[np.str_]
    inputs: Mapping[str, Dense]
    targets: npt.NDArray[np.float64]
    mask: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)
