"""Crystals without symmetry but that of their lattice."""

from __future__ import annotations

import numpy as np

from matdata.adapters.sites import Sites, to_crystals
from matdata.core.crystals import Crystals


def triclinic(count: int, seed: int = 0) -> Crystals:
    """Crystals of 2 to 6 drawn elements at drawn places of a skewed cell."""
    rng = np.random.default_rng(seed)
    sites = []
    for _ in range(count):
        number = int(rng.integers(2, 7))
        lattice = 5.0 * np.eye(3) + rng.uniform(-1.2, 1.2, (3, 3))
        numbers = rng.choice([3, 8, 11, 14, 17, 22, 26, 38], number).astype(np.uint8)
        # one site per eighth of the cell, so that none are close
        corners = rng.permutation(np.array(list(np.ndindex(2, 2, 2))))[:number]
        frac = (corners + rng.uniform(0.1, 0.4, (number, 3))) / 2
        sites.append(Sites(lattice, frac, numbers))
    return to_crystals([f"t-{k}" for k in range(count)], sites)
