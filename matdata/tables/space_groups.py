"""Crystal systems of the 230 space groups (International Tables for Crystallography A, 2016)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

CRYSTAL_SYSTEMS = (
    "triclinic",
    "monoclinic",
    "orthorhombic",
    "tetragonal",
    "trigonal",
    "hexagonal",
    "cubic",
)
#: Number of the last space group of each system.
LAST_OF_SYSTEM = (2, 15, 74, 142, 167, 194, 230)
#: Letter of the crystal family of each system, as Pearson symbols write it.
FAMILIES = ("a", "m", "o", "t", "h", "h", "c")


def system_numbers(space_groups: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Crystal system of space groups, 1 to 7 in the order of `CRYSTAL_SYSTEMS`.

    Parameters
    ----------
    space_groups : (n,) int
        1 to 230; 0 where there is none, which gives 0.
    """
    return np.searchsorted((0, *LAST_OF_SYSTEM), space_groups).astype(np.int64)
