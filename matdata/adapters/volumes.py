"""Volumes of decorated prototypes by pymatgen's data-mined lattice scaling (DLS).

Chu, Roychowdhury, Han, Jain, Ong, Comput. Mater. Sci. 146, 184 (2018). The scheme scales a crystal
until its shortest pair, relative to the pair's expected bond length, has just that length. At
fixed fractional coordinates only the shortest distance of each species pair matters, so a
decoration costs a few operations instead of a neighbour search.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from matdata.adapters.prototypes import pair_distances
from matdata.core import elements
from matdata.core.crystals import Float, Int
from matdata.core.packages import needed_for

MIN_VOLUME, MAX_VOLUME = 4.0, 200.0  # Å³/atom; outside, DLS has found a poorly parametrised pair
CUTOFF = 4.0  # Å beyond a site's atomic radius: the default of pymatgen's DLSVolumePredictor


@functools.cache
def _bond_parameters() -> tuple[Float, Float, Float]:
    """DLS radius r and slope k, and atomic radius, all in Å by atomic number, (119,) each.

    NaN where pymatgen has no value.
    """
    with needed_for("volumes of crystals"):
        from pymatgen.analysis.structure_prediction.volume_predictor import bond_params
        from pymatgen.core import Element

    r, k, atomic = (np.full(elements.N_ELEMENTS + 1, np.nan) for _ in range(3))
    for symbol, entry in bond_params.items():
        z = elements.atomic_number(symbol)
        r[z], k[z] = float(entry["r"]), float(entry["k"])
        radius = Element(symbol).atomic_radius
        atomic[z] = np.nan if radius is None else float(radius)
    return r, k, atomic


def is_sensible_volume(per_atom: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Whether volumes in Å³/atom, of any shape, are within `MIN_VOLUME` and `MAX_VOLUME`."""
    sensible: npt.NDArray[np.bool_] = (per_atom >= MIN_VOLUME) & (per_atom <= MAX_VOLUME)
    return sensible


def dls_scale(
    rows: Int, numbers: npt.NDArray[np.uint8], stoichiometry: tuple[int, ...]
) -> npt.NDArray[np.float64]:
    """Factor by which DLS stretches each prototype's lattice vectors for each composition.

    Equals ``DLSVolumePredictor(min_scaling=None, max_scaling=None)``: the expected length of a
    bond is the sum of both species' ``r + k * s`` with ``s`` the standard deviation of the sites'
    electronegativity, and pairs beyond the atomic radius plus `CUTOFF` do not count.

    Parameters
    ----------
    rows : (P,)
        Prototypes of one stoichiometry.
    numbers : (n, k)
        Atomic numbers of n compositions by slot.
    stoichiometry : (k,)
        Amounts of the slots.

    Returns
    -------
    (n, P) float64
        Zero if no pair is within the cutoff, NaN if an element has no parameters.
    """
    weights = np.array(stoichiometry) / sum(stoichiometry)
    radii, reach = _radii(numbers, weights)
    # A pair is seen from both of its ends, so the longer reach decides whether it counts.
    cutoff = np.maximum(reach[:, None, :, None], reach[:, None, None, :])
    expected = radii[:, None, :, None] + radii[:, None, None, :]
    slots = len(stoichiometry)
    distances = np.array([pair_distances(row)[:slots, :slots] for row in rows.tolist()])[None]
    ratio = np.where(distances > cutoff, np.inf, distances / expected)
    scale: npt.NDArray[np.float64] = 1.0 / ratio.min(axis=(2, 3))
    return scale


def dls_scale_of_pairs(
    distances: Float, numbers: npt.NDArray[np.uint8], amounts: Float
) -> npt.NDArray[np.float64]:
    """The same for any crystals: the factor by which DLS stretches their lattice vectors.

    Parameters
    ----------
    distances : (n, k, k) float64, Å
        Shortest distance between the sites of each two elements.
    numbers : (n, k)
        Atomic numbers of the elements that are put there.
    amounts : (n, k)
        Sites of each.

    Returns
    -------
    (n,) float64
        Zero if no pair is within the cutoff, NaN if an element has no parameters.
    """
    radii, reach = _radii(numbers, amounts / amounts.sum(axis=1, keepdims=True))
    cutoff = np.maximum(reach[:, :, None], reach[:, None, :])
    expected = radii[:, :, None] + radii[:, None, :]
    ratio = np.where(distances > cutoff, np.inf, distances / expected)
    scale: npt.NDArray[np.float64] = 1.0 / ratio.min(axis=(1, 2))
    return scale


def _radii(numbers: npt.NDArray[np.uint8], weights: Float) -> tuple[Float, Float]:
    """Radii of elements in compounds (n, k), and how far the pairs of each count, Å."""
    r, k, atomic = _bond_parameters()
    x = elements.electronegativities()[numbers]
    mean = (x * weights).sum(axis=1, keepdims=True)
    deviation = np.sqrt(((x - mean) ** 2 * weights).sum(axis=1, keepdims=True))
    return r[numbers] + k[numbers] * deviation, atomic[numbers] + CUTOFF
