"""pymatgen structures to and from `Crystals`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matdata.adapters.sites import (
    FULL,
    Sites,
    from_fractional,
    number_of,
    require_periodic,
    to_crystals,
)
from matdata.core.crystals import Crystals, as_ids
from matdata.core.errors import StructureError
from matdata.core.ledger import Unusable
from matdata.core.packages import needed_for

if TYPE_CHECKING:
    from pymatgen.core import Composition, Structure


def sites_of(structure: Structure) -> Sites:
    """One crystal from a pymatgen `Structure`.

    Raises
    ------
    Unusable
        If a site is disordered or not an element, or the structure is not periodic in three
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


def from_structures(structures: Sequence[object], ids: Sequence[str] | None = None) -> Crystals:
    """`Crystals` from pymatgen structures.

    Raises
    ------
    StructureError
        If one of them cannot be represented; names its position.
    """
    sites = []
    for row, structure in enumerate(structures):
        try:
            sites.append(sites_of(structure))
        except Unusable as error:
            raise StructureError(f"structure {row}: {error}") from error
    names = as_ids(ids if ids is not None else [str(row) for row in range(len(sites))]).tolist()
    return to_crystals(names, sites)


def to_structure(crystals: Crystals, row: int = 0) -> Structure:
    """The pymatgen `Structure` of one crystal."""
    with needed_for("pymatgen structures"):
        from pymatgen.core import Lattice, Structure

    part = crystals.sites(row)
    lattice = Lattice(crystals.lattice[row])
    return Structure(lattice, crystals.numbers[part].tolist(), crystals.frac_coords[part])


def is_structure(value: object) -> bool:
    """Whether a value is a pymatgen structure, without importing pymatgen."""
    return _is(value, "IStructure")


def is_molecule(value: object) -> bool:
    """Whether a value is a pymatgen molecule, without importing pymatgen."""
    return _is(value, "IMolecule")


def is_composition(value: object) -> bool:
    """Whether a value is a pymatgen composition, without importing pymatgen."""
    return _is(value, "Composition")


def _is(value: object, kind: str) -> bool:
    classes = type(value).__mro__
    return any(cls.__module__.startswith("pymatgen.") and cls.__name__ == kind for cls in classes)


def amounts_of(composition: Composition) -> dict[int, float]:
    """Amounts by atomic number from a pymatgen `Composition`; oxidation states are ignored.

    Raises
    ------
    Unusable
        If it holds no atoms, a species that is not an element, or an amount that is not positive.
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
