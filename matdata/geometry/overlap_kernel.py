"""The compiled part of `matdata.geometry.overlap`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matdata.core.jit import inner, kernel
from matdata.geometry.images import square_distance, translations

if TYPE_CHECKING:
    from matdata.core.crystals import Array


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
def mark_overlaps(
    lattice: Array, frac: Array, offsets: Array, reach: Array, limit: float, out: Array
) -> None:
    """Set `out` (n,) where two sites of a crystal are closer than `limit` (Å).

    Parameters
    ----------
    lattice, frac, offsets
        As in `Crystals`.
    reach : (n, 3) float64
        The limit over the heights of the cell.
    """
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
