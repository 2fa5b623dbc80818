"""Overlapping atoms: does any pair of sites, images included, come closer than a distance?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Crystals, gather_index

MOST_PAIRS = 1 << 20  # from so many on, loading compiled code (a second) costs less than NumPy
MARGIN = 1e-9  # of fractional coordinates: far above rounding, so that no pair is missed


def overlapping(crystals: Crystals, limit: float) -> npt.NDArray[np.bool_]:
    """Whether two atoms of a crystal are closer than `limit` (Å), exactly, for any lattice.

    A translation can bring two sites within `limit` only if it brings their fractional difference
    within ``limit / height`` along each axis, where the heights of the cell are the inverse norms
    of the reciprocal vectors; so hardly any image is ever tried, and for most crystals none.

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
    if not len(crystals):
        return out
    heights = 1.0 / np.linalg.norm(np.linalg.inv(crystals.lattice), axis=1)
    reach = limit / heights
    rows = np.arange(len(crystals))
    if (crystals.n_sites**2).sum() <= MOST_PAIRS:
        rows = _candidates(crystals, reach)
    if len(rows):
        from matdata.geometry.overlap_kernel import mark_overlaps

        part, close = crystals.take(rows), np.zeros(len(rows), dtype=np.bool_)
        mark_overlaps(part.lattice, part.frac_coords, part.offsets, reach[rows], limit, close)
        out[rows] = close
    return out


def _candidates(crystals: Crystals, reach: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Rows of the crystals in which a translation brings any pair within reach, (k,)."""
    crystal = crystals.site_crystal
    second, starts = gather_index(crystals.offsets, crystal)
    first = np.repeat(np.arange(len(crystal)), np.diff(starts))
    different = first < second
    first, second = first[different], second[different]
    difference = crystals.frac_coords[second] - crystals.frac_coords[first]
    nearest = np.abs(difference - np.rint(difference))
    slack = MARGIN * (1.0 + np.abs(difference))
    possible = np.asarray((reach > 1.0 - MARGIN).any(axis=1))  # a site and its own image
    within = (nearest <= reach[crystal[first]] + slack).all(axis=1)
    possible[crystal[first[within]]] = True
    return np.flatnonzero(possible)
