"""Validity of crystals: whether anything can be computed from them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Crystals
from matdata.geometry.overlap import overlapping

REASONS = {
    "no_atoms": "the cell holds no atoms",
    "not_finite": "a lattice vector or coordinate is not a finite number",
    "zero_volume": "the lattice vectors span no volume",
    "overlapping_atoms": "two atoms are closer than {min_distance} Å",
}
MIN_RELATIVE_VOLUME = 1e-6  # volume over the product of the lattice vectors' lengths


def invalid(crystals: Crystals, min_distance: float) -> npt.NDArray[np.str_]:
    """Reason why each crystal is invalid, or an empty string, (n,).

    Parameters
    ----------
    crystals
        Any crystals.
    min_distance
        Smallest distance between two atoms in Å.
    """
    reason = np.full(len(crystals), "", dtype="<U32")
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
