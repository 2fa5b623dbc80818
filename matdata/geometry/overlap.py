"""Overlapping atoms: does any pair of sites, images included, come closer than a distance?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matdata.core.jit import inner, kernel
from matdata.geometry.images import square_distance, translations

if TYPE_CHECKING:
    from matdata.core.crystals import Array, Crystals


@inner
def _pair_overlaps(cell: Array, d: Array, reach: Array, limit: float, same: bool) -> bool:
    # Only translations that bring the pair within `reach` along each axis can be closer.
    low0, high0 = translations(d[0], reach[0])
    low1, high1 = translations(d[1], reach[1])
    low2, high2 = translations(d[2], reach[2])
    for i in range(low0, high0 + 1):
        for j in range(low1, high1 + 1):
            for k in range(low2, high2 + 1):
                if same and i == 0 and j == 0 and k == 0:
                    continue
                if square_distance(cell, d, i, j, k) < limit * limit:
                    return True
    return False


@kernel
def _overlaps(
    lattice: Array, frac: Array, offsets: Array, reach: Array, limit: float, out: Array
) -> None:
    d = np.empty(3)
    for c in range(len(out)):
        first, last = offsets[c], offsets[c + 1]
        for a in range(first, last):
            if out[c]:
                break
            for b in range(a, last):
                for axis in range(3):
                    d[axis] = frac[b, axis] - frac[a, axis]
                if _pair_overlaps(lattice[c], d, reach[c], limit, a == b):
                    out[c] = True
                    break


def overlapping(crystals: Crystals, limit: float) -> npt.NDArray[np.bool_]:
    """Whether two atoms of a crystal are closer than `limit` (Å), exactly, for any lattice.

    A translation can bring two sites within `limit` only if it brings their fractional difference
    within ``limit / height`` along each axis, where the heights of the cell are the inverse norms
    of the reciprocal vectors; so hardly any image is ever tried.

    Parameters
    ----------
    crystals
        Crystals with finite numbers and positive volumes.
    limit
        Distance in Å.

    Returns
    -------
    (n,) bool
    """
    out = np.zeros(len(crystals), dtype=np.bool_)
    if len(crystals):
        heights = 1.0 / np.linalg.norm(np.linalg.inv(crystals.lattice), axis=1)
        args = (crystals.lattice, crystals.frac_coords, crystals.offsets, limit / heights)
        _overlaps(*args, limit, out)
    return out
