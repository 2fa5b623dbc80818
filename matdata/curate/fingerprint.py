"""Fingerprint of the distances in a crystal, which near duplicates have in common.

For each ordered pair of elements (A, B) the distance from an atom of A to its 1st, 2nd, … k-th
nearest atom of B, averaged over the atoms of A (the average minimum distances of Widdowson et al.,
MATCH Commun. Math. Comput. Chem. 87, 529, 2022, computed per pair of elements), and divided by the
cube root of the volume per atom. It does not depend on origin, cell, setting, order of sites,
rotation or mirror image, nor on the crystal's scale; moving every atom by less than d changes no
entry by more than 2 d.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Crystals, offsets_of


def fingerprint(crystals: Crystals, row: int, neighbours: int) -> npt.NDArray[np.float64]:
    """Scaled average minimum distances of one crystal.

    Parameters
    ----------
    crystals
        Crystals, of which `row` is valid.
    row
        Row of the crystal.
    neighbours
        Number of neighbours per element, k.

    Returns
    -------
    (e * e * k,) float64
        Per ordered pair of its e elements (ascending atomic numbers) the mean distances to
        the 1st to k-th neighbour, over the cube root of the volume per atom.
    """
    from matdata.geometry.distances import mean_distances

    part = crystals.sites(row)
    elements, kind = np.unique(crystals.numbers[part], return_inverse=True)
    order = np.argsort(kind, kind="stable")
    bounds = offsets_of(np.bincount(kind))
    cell = crystals.lattice[row]
    frac: Any = np.ascontiguousarray(crystals.frac_coords[part][order] % 1.0)
    distances = np.zeros((len(elements), len(elements), neighbours))
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    volume = abs(float(np.linalg.det(cell)))
    mean_distances(cell, heights, volume, frac, bounds, distances)
    scaled: npt.NDArray[np.float64] = distances.ravel() / np.cbrt(volume / len(kind))
    return scaled
