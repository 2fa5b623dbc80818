"""Periodic images of a pair of sites within a distance, for a pair that is looked at alone.

An image within a distance lies within distance / height along each axis, where the heights are the
distances between opposite faces of the cell; so hardly any image is ever tried, in any lattice.
Where all neighbours of a site are wanted, `matdata.geometry.neighbours` sorts sites into bins
first, which costs more than it saves where a pair or an element is looked at.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matdata.core.jit import inner

if TYPE_CHECKING:
    from matdata.core.crystals import Array


@inner
def translations(difference: float, reach: float) -> tuple[int, int]:
    """First and last translation along an axis that bring a pair within reach; all fractional."""
    return math.ceil(-reach - difference), math.floor(reach - difference)


@inner
def square_distance(cell: Array, difference: Array, i: int, j: int, k: int) -> float:
    """Squared distance, Å², of a pair of sites in one image.

    Parameters
    ----------
    cell : (3, 3) float64, Å
        Lattice vectors as rows.
    difference : (3,) float64
        Fractional coordinates of the one less those of the other.
    i, j, k
        The translation.
    """
    square = 0.0
    for axis in range(3):
        x = (
            (difference[0] + i) * cell[0, axis]
            + (difference[1] + j) * cell[1, axis]
            + (difference[2] + k) * cell[2, axis]
        )
        square += x * x
    return square
