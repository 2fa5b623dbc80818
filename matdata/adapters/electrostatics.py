"""Ewald energies of decorated prototypes, from one Ewald sum per prototype.

The Ewald energy (Toukmaji and Board, Comput. Phys. Commun. 95, 73 (1996), eqs. 2 to 6; pymatgen's
``EwaldSummation``) is a quadratic form in the charges, and the Coulomb law makes it fall off as
1/length when a crystal is stretched at fixed fractional coordinates. One matrix at unit charges,
summed over the sites of each species, therefore gives the energy of every decoration. The term
of the compensating background is left out: it vanishes for neutral cells.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from matdata.adapters.prototypes import MAX_SPECIES, STRAINS, prototypes, pymatgen_structure
from matdata.core.crystals import Float, Int
from matdata.core.packages import needed_for


@functools.cache
def ewald_matrix(row: int, strain: int = 0) -> Float:
    """Energy matrix of a prototype's slots at unit charges and the library's lattice, (4, 4).

    The lattice is deformed by row `strain` of `matdata.adapters.prototypes.STRAINS`.

    In eV per cell; rows and columns of slots that the prototype lacks are zero. Only sums over
    neutral charges are meaningful: single elements depend on the splitting of the Ewald sum.
    """
    with needed_for("the sample"):
        from pymatgen.analysis.ewald import EwaldSummation

    library = prototypes()
    structure = pymatgen_structure(row, ["H+"] * MAX_SPECIES, strain)
    slots = library.slots[library.sites(row)]
    indicator = (slots[:, None] == np.arange(MAX_SPECIES)).astype(np.float64)
    matrix: Float = indicator.T @ EwaldSummation(structure).total_energy_matrix @ indicator
    return matrix


def ewald_energies(rows: Int, charges: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    """Ewald energy in eV per cell of each composition in each prototype, (n, P).

    At the prototypes' own lattices; for scaled lattice vectors divide by the scale.

    Parameters
    ----------
    rows : (P,)
        Prototypes.
    charges : (n, k)
        Charges in units of e of the slots of n neutral compositions.
    """
    slots = charges.shape[1]
    matrices = np.array([ewald_matrix(row)[:slots, :slots] for row in rows.tolist()])
    q = charges.astype(np.float64)
    products = (q[:, :, None] * q[:, None, :])[:, None]
    energies: npt.NDArray[np.float64] = (products * matrices[None]).sum(axis=(2, 3))
    return energies


def ewald_energy_per_atom(
    rows: Int, charges: npt.NDArray[np.int8], scale: npt.NDArray[np.float64], strain: Int
) -> npt.NDArray[np.float64]:
    """Ewald energies in eV/atom of neutral decorations, (n,).

    Parameters
    ----------
    rows : (n,)
        Prototypes.
    charges : (n, 4)
        Charges of the slots in units of e, zero where the prototype has no such slot.
    scale : (n,)
        Lattice vectors in units of the prototype's own.
    strain : (n,)
        Rows of `matdata.adapters.prototypes.STRAINS`.
    """
    distinct, inverse = np.unique(rows * len(STRAINS) + strain, return_inverse=True)
    cells = [divmod(code, len(STRAINS)) for code in distinct.tolist()]
    matrices = np.array([ewald_matrix(row, deformed) for row, deformed in cells])[inverse]
    q = charges.astype(np.float64)
    # Summed over one contiguous axis, so that a row's digits do not depend on its neighbours.
    terms = (q[:, :, None] * matrices * q[:, None, :]).reshape(len(rows), -1)
    energy: npt.NDArray[np.float64] = terms.sum(axis=1)
    n_sites = np.diff(prototypes().offsets)[rows]
    return energy / (scale * n_sites)
