"""Validity of crystals: whether anything can be computed from them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Crystals
from matdata.core.executors import SEQUENTIAL, Workers, ordered_map
from matdata.geometry.overlap import overlapping

REASON = "<U32"
REASONS = {
    "no_atoms": "the cell holds no atoms",
    "not_finite": "a lattice vector or coordinate is not a finite number",
    "zero_volume": "the lattice vectors span no volume",
    "overlapping_atoms": "two atoms are closer than {min_distance} Å",
}
ROWS_AT_ONCE = 4096  # crystals of one task
MIN_RELATIVE_VOLUME = 1e-6  # volume over the product of the lattice vectors' lengths


def invalid_on(crystals: Crystals, min_distance: float, workers: Workers) -> npt.NDArray[np.str_]:
    """`invalid` of any number of crystals, in tasks that workers share."""
    tasks = (
        (crystals.take(slice(first, first + ROWS_AT_ONCE)), min_distance)
        for first in range(0, len(crystals), ROWS_AT_ONCE)
    )
    pool = workers if len(crystals) > ROWS_AT_ONCE else SEQUENTIAL
    reasons = list(ordered_map(_invalid, tasks, pool, "thread"))
    return np.concatenate([np.empty(0, REASON), *reasons])


def _invalid(task: tuple[Crystals, float]) -> npt.NDArray[np.str_]:
    return invalid(*task)


def invalid(crystals: Crystals, min_distance: float) -> npt.NDArray[np.str_]:
    """Reason why each crystal is invalid, or an empty string, (n,).

    Parameters
    ----------
    crystals
        Any crystals.
    min_distance
        Smallest distance between two atoms in Å.
    """
    reason = np.full(len(crystals), "", dtype=REASON)
    finite = np.asarray(np.isfinite(crystals.lattice).all(axis=(1, 2)))
    affected = crystals.site_crystal[~np.isfinite(crystals.frac_coords).all(axis=1)]
    finite[affected] = False
    safe = np.where(finite[:, None, None], crystals.lattice, np.eye(3))
    lengths = np.prod(np.linalg.norm(safe, axis=2), axis=1)
    flat = np.abs(np.linalg.det(safe)) <= MIN_RELATIVE_VOLUME * np.maximum(lengths, 1e-12)
    reason[flat] = "zero_volume"
    reason[~finite] = "not_finite"
    reason[crystals.n_sites == 0] = "no_atoms"
    rows = np.flatnonzero(reason == "")
    reason[rows[overlapping(crystals.take(rows), min_distance)]] = "overlapping_atoms"
    return reason
