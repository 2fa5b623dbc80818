"""pymatgen structures to and from `Crystals`; CIF and POSCAR texts through pymatgen's parsers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from matdata.adapters.sites import FULL, Sites, from_fractional, number_of, to_crystals
from matdata.crystals import Crystals
from matdata.errors import StructureError
from matdata.ledger import Unusable


def sites_of(structure: Any) -> Sites:
    """One crystal from a pymatgen `Structure`.

    Raises
    ------
    Unusable
        If a site is disordered or holds no element.
    """
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
    names = list(ids) if ids is not None else [str(row) for row in range(len(sites))]
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
    return _is(value, "IStructure")


def is_molecule(value: Any) -> bool:
    """Whether a value is a pymatgen molecule, without importing pymatgen."""
    return _is(value, "IMolecule")


def is_composition(value: Any) -> bool:
    """Whether a value is a pymatgen composition, without importing pymatgen."""
    return _is(value, "Composition")


def _is(value: Any, kind: str) -> bool:
    classes = type(value).__mro__
    return any(cls.__module__.startswith("pymatgen.") and cls.__name__ == kind for cls in classes)


def amounts_of(composition: Any) -> dict[int, float]:
    """Atoms by atomic number from a pymatgen `Composition`; oxidation states are left aside.

    Raises
    ------
    Unusable
        If it holds no atoms, something that is no element, or an amount that is not positive.
    """
    amounts: dict[int, float] = {}
    for specie, amount in composition.items():
        if not 0.0 < amount < float("inf"):
            raise Unusable("unreadable", f"{composition!r} holds {amount:g} of {specie}")
        number = number_of(getattr(specie, "symbol", str(specie)))
        amounts[number] = amounts.get(number, 0.0) + float(amount)
    if not amounts:
        raise Unusable("unreadable", "a composition without atoms")
    return amounts
