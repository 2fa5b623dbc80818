"""Structures whose lattice, coordinates and species are columns of a table."""

from __future__ import annotations

from matdata.core.documents import JsonMapping
from matdata.sources.readers.base import WEIGHT, Record

LATTICE, SPECIES, STRUCTURE = "lattice", "species", "structure"
#: Columns of coordinates, fractional ones first: they are exact.
COORDS = {"frac_coords": False, "positions": True}
#: Columns of a structure, which are no columns of its material.
SITES = (LATTICE, SPECIES, *COORDS, "numbers")


def are_sites(names: JsonMapping | set[str]) -> bool:
    """Whether columns of these names are lattice, coordinates and species of structures."""
    has_coords = any(name in names for name in COORDS)
    return LATTICE in names and SPECIES in names and has_coords and STRUCTURE not in names


def with_structure(record: Record) -> Record:
    """A record with its structure in one place, None where its lattice is missing.

    A record that has no such columns (`are_sites`) is returned as it is.
    """
    if not are_sites(record):
        return record
    rest = {name: value for name, value in record.items() if name not in SITES}
    if record[LATTICE] is None:
        return {**rest, STRUCTURE: None}
    name = next(name for name in COORDS if record.get(name) is not None or name == "positions")
    structure = {
        "lattice_mat": record[LATTICE],
        "coords": record.get(name),
        "elements": record[SPECIES],
        "cartesian": COORDS[name],
    }
    return {**rest, STRUCTURE: structure, WEIGHT: record.get(WEIGHT, 0)}
