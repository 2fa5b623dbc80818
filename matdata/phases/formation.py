"""Formation energies from total energies and those of the elements, and back.

    e_f(x) = e(x) - sum_i x_i mu_i

per atom, with atomic fractions x_i and the energy mu_i of the lowest entry of element i (R. E. A.
Goodall, PhD thesis, Cambridge 2022, eq. 2.20). All energies are of one correction scheme.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions
from matdata.phases.systems import Fractions
from matdata.phases.tables import N_NUMBERS

Float = npt.NDArray[np.float64]


def elemental_energies(compositions: Compositions, energies: Float) -> Float:
    """The lowest energy of each element among n entries, (256,) by atomic number, eV/atom.

    Parameters
    ----------
    compositions, energies : (n,)
        Of the entries, eV/atom; entries whose energy is NaN are left out.

    Returns
    -------
    NaN where there is no entry of the element.
    """
    fractions = Fractions.of(compositions)
    single = np.flatnonzero((np.diff(fractions.offsets) == 1) & np.isfinite(energies))
    lowest = np.full(N_NUMBERS, np.inf)
    np.minimum.at(lowest, fractions.numbers[fractions.offsets[single]], energies[single])
    return np.where(np.isfinite(lowest), lowest, np.nan)


def energies_of_elements(compositions: Compositions, elemental: Float) -> Float:
    """``sum_i x_i mu_i`` of n compositions, (n,), eV/atom; NaN where an element has no energy.

    Parameters
    ----------
    compositions
        n of them.
    elemental : (256,)
        Energies by atomic number, eV/atom.
    """
    fractions = Fractions.of(compositions)
    owner = np.repeat(np.arange(len(fractions)), np.diff(fractions.offsets))
    terms = fractions.values * elemental[fractions.numbers]
    return np.bincount(owner, terms, minlength=len(fractions)).astype(np.float64)


def formation_energies(compositions: Compositions, energies: Float, elemental: Float) -> Float:
    """Formation energies of n entries, (n,), eV/atom; NaN where an element has no energy.

    Parameters
    ----------
    compositions, energies : (n,)
        Of the entries, eV/atom.
    elemental : (256,)
        As `elemental_energies` gives them.
    """
    return np.asarray(energies, np.float64) - energies_of_elements(compositions, elemental)
