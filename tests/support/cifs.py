"""CIF texts that tests make themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matdata.adapters.cif import read_cif
from matdata.adapters.sites import Sites
from matdata.core.ledger import Unusable

CUBE = (4.2, 4.2, 4.2, 90, 90, 90)
LOOP = ("label", "type_symbol", "fract_x", "fract_y", "fract_z")
P1 = "loop_\n_symmetry_equiv_pos_as_xyz\n'x,y,z'\n"
CSCL = ("Cs1 Cs 0 0 0", "Cl1 Cl 0.5 0.5 0.5")


def cif_text(
    atoms: Sequence[str] = CSCL,
    head: str = P1,
    cell: Sequence[float] = CUBE,
    columns: Sequence[str] = LOOP,
    name: str = "x",
) -> str:
    """A block: cell, any lines, and the rows of the atom list."""
    tags = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    lines = [f"data_{name}", *(f"_cell_{t} {v}" for t, v in zip(tags, cell, strict=True)), head]
    return "\n".join([*lines, "loop_", *(f"_atom_site_{c}" for c in columns), *atoms, ""])


def outcome(*args, **kwargs) -> Sites | Unusable:
    """What the only block of such a text gives."""
    (found,) = read_cif(cif_text(*args, **kwargs))
    return found.sites


def crystal(*args, **kwargs) -> Sites:
    found = outcome(*args, **kwargs)
    assert isinstance(found, Sites), found
    return found


def refusal(*args, **kwargs) -> Unusable:
    found = outcome(*args, **kwargs)
    assert isinstance(found, Unusable), found
    return found


def listed(triplets: Sequence[str]) -> str:
    """Lines that list operations."""
    return "loop_\n_space_group_symop_operation_xyz\n" + "".join(f"'{t}'\n" for t in triplets)


def same_sites(found: Sites, numbers: Sequence[int], coords: np.ndarray, within: float) -> bool:
    """Whether two sets of sites are one, each element's within a distance in Å."""
    if sorted(found.numbers.tolist()) != sorted(numbers):
        return False
    for number, place in zip(numbers, coords, strict=True):
        apart = found.frac_coords[found.numbers == number] - place
        apart -= np.rint(apart)
        if np.linalg.norm(apart @ found.lattice, axis=1).min() > within:
            return False
    return True
