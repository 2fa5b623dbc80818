"""Periodic neighbours of a site by growing radius, from a cell list in a reduced lattice.

Nothing here depends on the cell that a crystal was written in: the lattice is reduced first, so
that a skewed cell costs what a compact one does, and images are mapped back at the end.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from matdata.core.jit import inner
from matdata.geometry.lattice import COINCIDENT, box_volume, dot

if TYPE_CHECKING:
    from matdata.core.crystals import Array

OVERFLOW = -1
OVERLAP = -2


class Grid(NamedTuple):
    """Sites of one crystal, wrapped into its reduced cell and sorted into bins.

    Attributes
    ----------
    lattice : (3, 3) float64, Å
        Reduced lattice vectors as rows.
    steps : (3, 3) int64
        The reduced vectors in the given ones: ``lattice = steps @ given``.
    heights : (3,) float64, Å
        Distances between opposite faces of the reduced cell.
    bins : (3,) int64
        Bins along each vector.
    start : (bins + 1,) int64
        Bin `b` holds the sorted sites ``start[b]:start[b + 1]``.
    frac, position : (n, 3) float64
        Wrapped coordinates sorted by bin: fractional, and Cartesian in Å.
    order : (n,) int64
        Index in the crystal of each sorted site.
    place : (n,) int64
        Sorted position of each site of the crystal.
    shift : (n, 3) int64
        Translation that wrapping took off each sorted site, in reduced vectors.
    """

    lattice: Array
    steps: Array
    heights: Array
    bins: Array
    start: Array
    frac: Array
    position: Array
    order: Array
    place: Array
    shift: Array


class Candidates(NamedTuple):
    """Neighbours of one site.

    Attributes
    ----------
    square : (size,) float64, Å²
        Squared distance.
    vector : (size, 3) float64, Å
        From the site to the neighbour.
    place : (size, 4) int64
        Sorted site of the neighbour and the cell it lies in, in reduced vectors.
    """

    square: Array
    vector: Array
    place: Array


@inner
def new_candidates(size: int) -> Candidates:
    """Room for `size` neighbours."""
    return Candidates(np.empty(size), np.empty((size, 3)), np.empty((size, 4), np.int64))


@inner
def _wrap(frac: Array, steps: Array, wrapped: Array, shift: Array) -> None:
    """Fractional coordinates in the reduced lattice: ``frac @ steps^-1``, within [0, 1)."""
    inverse = np.empty((3, 3))  # adjugate over a determinant of 1 or -1: exact
    for i in range(3):
        a, b = (i + 1) % 3, (i + 2) % 3
        for k in range(3):
            c, d = (k + 1) % 3, (k + 2) % 3
            inverse[k, i] = steps[a, c] * steps[b, d] - steps[a, d] * steps[b, c]
    sign = steps[0, 0] * inverse[0, 0] + steps[0, 1] * inverse[1, 0] + steps[0, 2] * inverse[2, 0]
    for site in range(len(frac)):
        for k in range(3):
            value = sign * (
                frac[site, 0] * inverse[0, k]
                + frac[site, 1] * inverse[1, k]
                + frac[site, 2] * inverse[2, k]
            )
            whole = math.floor(value)
            if value - whole >= 1.0:  # -1e-17 rounds to one cell up
                whole += 1
            shift[site, k] = whole
            wrapped[site, k] = value - whole


@inner
def _count_bins(frac: Array, bins: Array, home: Array) -> Array:
    """Write each site's bin into `home`; returns where each bin ends, and the end of all."""
    ends = np.zeros(bins[0] * bins[1] * bins[2] + 1, np.int64)
    for site in range(len(frac)):
        index = 0
        for k in range(3):
            index = index * bins[k] + min(bins[k] - 1, int(frac[site, k] * bins[k]))
        home[site] = index
        ends[index] += 1
    for index in range(1, len(ends)):
        ends[index] += ends[index - 1]
    return ends


@inner
def build_grid(vectors: Array, steps: Array, frac: Array, edge: float) -> Grid:
    """Sort the sites of a crystal into bins of about `edge` Å.

    Parameters
    ----------
    vectors, steps
        What `reduce_lattice` gives.
    frac : (n, 3) float64
        Fractional coordinates in the given lattice, wrapped or not.
    edge : float, Å
        Bins are at least this wide, where the cell is.
    """
    n = len(frac)
    unsorted, moved = np.empty((n, 3)), np.empty((n, 3), np.int64)
    _wrap(frac, steps, unsorted, moved)
    volume = box_volume(vectors)
    heights, bins = np.empty(3), np.empty(3, np.int64)
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        area2 = dot(vectors, i, i) * dot(vectors, j, j) - dot(vectors, i, j) ** 2
        heights[k] = volume / math.sqrt(area2)
        bins[k] = max(1, int(heights[k] / edge))
    home, order, place = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    start = _count_bins(unsorted, bins, home)
    for site in range(n - 1, -1, -1):
        # Ends of bins move down to their starts as the sites, last first, take their places.
        start[home[site]] -= 1
        place[site] = start[home[site]]
        order[place[site]] = site
    wrapped, position, shift = np.empty((n, 3)), np.empty((n, 3)), np.empty((n, 3), np.int64)
    for site in range(n):
        to = place[site]
        for k in range(3):
            wrapped[to, k], shift[to, k] = unsorted[site, k], moved[site, k]
            position[to, k] = (
                unsorted[site, 0] * vectors[0, k]
                + unsorted[site, 1] * vectors[1, k]
                + unsorted[site, 2] * vectors[2, k]
            )
    return Grid(vectors, steps, heights, bins, start, wrapped, position, order, place, shift)


@inner
def collect(grid: Grid, site: int, inner: float, outer: float, out: Candidates) -> int:
    """Find all neighbours of a sorted site with ``inner < distance <= outer``, unsorted.

    Vectors are sums of one difference and one translation, so that the vector from A to B is
    exactly minus the one from B to A.

    Returns
    -------
    int
        How many there are; `OVERFLOW` when `out` is too small, `OVERLAP` when another site
        coincides with this one.
    """
    lattice, bins, start = grid.lattice, grid.bins, grid.start
    position = grid.position
    here_x, here_y, here_z = position[site, 0], position[site, 1], position[site, 2]
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for k in range(3):
        reach = outer / grid.heights[k] * (1.0 + 1e-9)
        low[k] = math.floor((grid.frac[site, k] - reach) * bins[k])
        high[k] = math.floor((grid.frac[site, k] + reach) * bins[k])
    count, room = 0, len(out.square)
    inner2, outer2 = inner * inner, outer * outer
    if inner <= 0.0:
        inner2 = -1.0
    for p in range(low[0], high[0] + 1):
        i = p // bins[0]
        for q in range(low[1], high[1] + 1):
            j = q // bins[1]
            row = ((p - i * bins[0]) * bins[1] + (q - j * bins[1])) * bins[2]
            for k in range(low[2] // bins[2], high[2] // bins[2] + 1):
                # Bins of one row and one image lie side by side: one run of sites.
                begin = start[row + max(low[2] - k * bins[2], 0)]
                end = start[row + min(high[2] - k * bins[2], bins[2] - 1) + 1]
                tx = i * lattice[0, 0] + j * lattice[1, 0] + k * lattice[2, 0]
                ty = i * lattice[0, 1] + j * lattice[1, 1] + k * lattice[2, 1]
                tz = i * lattice[0, 2] + j * lattice[1, 2] + k * lattice[2, 2]
                for other in range(begin, end):
                    x = (position[other, 0] - here_x) + tx
                    y = (position[other, 1] - here_y) + ty
                    z = (position[other, 2] - here_z) + tz
                    square = x * x + y * y + z * z
                    if square > outer2 or square <= inner2:
                        continue
                    if square < COINCIDENT * COINCIDENT:
                        if other == site and i == 0 and j == 0 and k == 0:
                            continue
                        return OVERLAP
                    if count == room:
                        return OVERFLOW
                    out.square[count] = square
                    out.vector[count, 0], out.vector[count, 1] = x, y
                    out.vector[count, 2] = z
                    out.place[count, 0], out.place[count, 1] = other, i
                    out.place[count, 2], out.place[count, 3] = j, k
                    count += 1
    return count


@inner
def sort_by(keys: Array, count: int, order: Array) -> None:
    """Write the order of the first `count` keys into `order` (Shell's method, Ciura's gaps)."""
    for at in range(count):
        order[at] = at
    for gap in (7983, 3548, 1577, 701, 301, 132, 57, 23, 10, 4, 1):
        for i in range(gap, count):
            item = order[i]
            key, at = keys[item], i
            while at >= gap and keys[order[at - gap]] > key:
                order[at] = order[at - gap]
                at -= gap
            order[at] = item
