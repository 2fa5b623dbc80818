"""Distances to the nearest neighbours of each element, exact for any cell."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from matdata.core.jit import inner, kernel
from matdata.geometry.images import square_distance, translations

if TYPE_CHECKING:
    from matdata.core.crystals import Array

GROWTH = 1.26  # of the search radius: doubles the volume that is searched


@inner
def _insert(best: Array, squared: float) -> None:
    """Put a squared distance into the ascending list of the smallest, which drops its last."""
    place = len(best) - 1
    if squared >= best[place]:
        return
    while place > 0 and best[place - 1] > squared:
        best[place] = best[place - 1]
        place -= 1
    best[place] = squared


@inner
def _collect(cell: Array, d: Array, reach: Array, limit: float, same: bool, best: Array) -> None:
    """Insert the squared distances up to `limit` of all images of one difference `d`."""
    low0, high0 = translations(d[0], reach[0])
    low1, high1 = translations(d[1], reach[1])
    low2, high2 = translations(d[2], reach[2])
    for i in range(low0, high0 + 1):
        for j in range(low1, high1 + 1):
            for k in range(low2, high2 + 1):
                if same and i == 0 and j == 0 and k == 0:
                    continue
                squared = square_distance(cell, d, i, j, k)
                if squared <= limit:
                    _insert(best, squared)


@inner
def _nearest(
    cell: Array, heights: Array, frac: Array, site: int, span: Array, radius: float, best: Array
) -> None:
    """Fill `best` with the squared distances from one site to the nearest of some sites."""
    d = np.empty(3)
    while True:
        best[:] = np.inf
        # an image within the radius is within radius / height along each axis
        reach = radius / heights
        for other in range(span[0], span[1]):
            for axis in range(3):
                d[axis] = frac[other, axis] - frac[site, axis]
            _collect(cell, d, reach, radius * radius, site == other, best)
        if best[len(best) - 1] < np.inf:
            return
        radius *= GROWTH


@kernel
def mean_distances(
    cell: Array, heights: Array, volume: float, frac: Array, bounds: Array, out: Array
) -> None:
    """Average minimum distances by pair of elements.

    Parameters
    ----------
    cell : (3, 3) float64, Å
        Lattice vectors as rows.
    heights : (3,) float64, Å
        Distances between opposite faces.
    volume
        Of the cell, Å^3.
    frac : (n, 3) float64
        Fractional coordinates, sites of one element together.
    bounds : (e + 1,) int64
        Element `a` holds the sites ``bounds[a]:bounds[a + 1]``.
    out : (e, e, k) float64, Å
        Filled: mean over the sites of the first element of the distance to the 1st to k-th
        neighbour of the second.
    """
    k = out.shape[2]
    best = np.empty(k)
    for b in range(len(bounds) - 1):
        count = bounds[b + 1] - bounds[b]
        # a sphere that holds k + 1 such atoms on average
        radius = (3.0 * (k + 1) * volume / (4.0 * math.pi * count)) ** (1.0 / 3.0)
        for a in range(len(bounds) - 1):
            for site in range(bounds[a], bounds[a + 1]):
                _nearest(cell, heights, frac, site, bounds[b : b + 2], radius, best)
                for n in range(k):
                    out[a, b, n] += math.sqrt(best[n]) / (bounds[a + 1] - bounds[a])


@kernel
def shortest_distances(
    cell: Array, heights: Array, volume: float, frac: Array, bounds: Array, out: Array
) -> None:
    """Shortest distance by pair of elements; parameters as of `mean_distances`.

    `out` (e, e) float64, Å, is filled: the smallest distance from a site of the first element to
    one of the second, images of itself included.
    """
    best = np.empty(1)
    out[:] = np.inf
    for b in range(len(bounds) - 1):
        count = bounds[b + 1] - bounds[b]
        radius = (3.0 * 2 * volume / (4.0 * math.pi * count)) ** (1.0 / 3.0)
        for a in range(len(bounds) - 1):
            for site in range(bounds[a], bounds[a + 1]):
                _nearest(cell, heights, frac, site, bounds[b : b + 2], radius, best)
                out[a, b] = min(out[a, b], math.sqrt(best[0]))
