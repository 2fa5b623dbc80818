"""pymatgen structures to and from `Crystals`; CIF and POSCAR texts through pymatgen's parsers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from matdata.adapters.sites import (
    FULL,
    Sites,
    from_fractional,
    number_of,
    require_periodic,
    to_crystals,
)
from matdata.crystals import Crystals, as_ids
from matdata.errors import StructureError
from matdata.ledger import Unusable


def sites_of(structure: Any) -> Sites:
    """One crystal from a pymatgen `Structure`.

    Raises
    ------
    Unusable
        If a site is disordered or holds no element, or the structure is not periodic in three
        directions.
    """
    require_periodic(structure.lattice.pbc)
    numbers = []
    for species in structure.species_and_occu:
        ((specie, occupancy), *others) = species.items()
        if others or abs(occupancy - 1.0) > FULL:
            raise Unusable("disordered", f"a site is shared or partly empty ({species})")
        numbers.append(number_of(getattr(specie, "symbol", str(specie))))
    return from_fractional(structure.lattice.matrix, structure.frac_coords, numbers)


def from_structures(structures: Sequence[Any], ids: Sequence[str] | None = None) -> Crystals:
    """`Crystals` from pymatgen structures.

    Raises
    ------
    StructureError
        If one of them cannot be represented, with its position.
    """
    sites = []
    for row, structure in enumerate(structures):
        try:
            sites.append(sites_of(structure))
        except Unusable as error:
            raise StructureError(f"structure {row}: {error}") from error
    names = as_ids(ids if ids is not None else [str(row) for row in range(len(sites))]).tolist()
    return to_crystals(names, sites)


def to_structure(crystals: Crystals, row: int = 0) -> Any:
    """The pymatgen `Structure` of one crystal."""
    from pymatgen.core import Lattice, Structure

    part = crystals.sites(row)
    lattice = Lattice(crystals.lattice[row])
    return Structure(lattice, crystals.numbers[part].tolist(), crystals.frac_coords[part])


def parse_cif(text: str) -> list[Sites]:
    """All crystals of a CIF text.

    Raises
    ------
    Unusable
        If the text holds none, or one that is disordered.
    """
    from pymatgen.io.cif import CifParser

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            structures = CifParser.from_str(text).parse_structures(primitive=False)
        except Exception as error:  # the parser raises whatever it stumbles over
            raise Unusable("unreadable", f"not a valid CIF: {error}") from error
    return [sites_of(structure) for structure in structures]


def parse_poscar(text: str) -> list[Sites]:
    """The crystal of a POSCAR or CONTCAR text (VASP 5 format, with element symbols)."""
    from pymatgen.io.vasp.inputs import Poscar

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            poscar = Poscar.from_str(text)
        except Exception as error:  # the parser raises whatever it stumbles over
            raise Unusable("unreadable", f"not a valid POSCAR: {error}") from error
    if not getattr(poscar, "true_names", True):
        raise Unusable("unreadable", "a POSCAR without element symbols (VASP 4)")
    return [sites_of(poscar.structure)]


def is_structure(value: Any) -> bool:
    """Whether a value is a pymatgen structure, without importing pymatgen."""
    return any(
        cls.__module__.startswith("pymatgen.") and cls.__name__ == "IStructure"
        for cls in type(value).__mro__
    )
