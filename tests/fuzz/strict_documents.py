"""What the documents of JSON kinds say of crystals and values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fuzz.records import ANY, Crystal, Record, Refused, checked_crystal
from fuzz.strict_text import MISSING, element, formula_amounts

Document = Mapping[str, Any]


def pymatgen_crystal(value: Any) -> Crystal:
    """The crystal of ``Structure.as_dict()``."""
    lattice, sites = at(value, "lattice"), at(value, "sites")
    if at(lattice, "pbc") not in (None, [True] * 3, [1, 1, 1]):
        raise Refused("not periodic in three directions", strictly=True)
    if not isinstance(sites, list):
        raise Refused("no list of sites")
    numbers = [_only(at(site, "species")) for site in sites]
    return checked_crystal(at(lattice, "matrix"), [at(site, "abc") for site in sites], numbers)


def _only(species: Any) -> int:
    if not isinstance(species, list) or len(species) != 1:
        raise Refused("not one species at a site", strictly=isinstance(species, list))
    share = at(species[0], "occu")
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not abs(share - 1) < 1e-3:
        raise Refused("a site that is not full")
    return _symbol(at(species[0], "element"))


def _symbol(value: Any) -> int:
    if not isinstance(value, str):
        raise Refused("a symbol that is no text")
    return element(value.strip())


def jarvis_crystal(value: Any) -> Crystal:
    """The crystal of JARVIS's ``Atoms.to_dict()``."""
    symbols = at(value, "elements")
    if not isinstance(symbols, list) or at(value, "cartesian", False) is not False:
        raise Refused("no list of elements, or Cartesian coordinates")
    numbers = [_symbol(one) for one in symbols]
    return checked_crystal(at(value, "lattice_mat"), at(value, "coords"), numbers)


def optimade_record(entry: Document) -> Record:
    """A record of an OPTIMADE entry."""
    told = at(entry, "attributes")
    names = at(told, "species_at_sites")
    species = at(told, "species")
    if not isinstance(names, list) or not isinstance(species, list):
        raise Refused("no species")
    found: dict[str, int] = {}
    for one in species:
        symbols = at(one, "chemical_symbols")
        if not isinstance(symbols, list) or len(symbols) != 1:
            raise Refused("not one element a species")
        if at(one, "concentration", [1.0]) not in ([1.0], None):
            raise Refused("a concentration that is not one")
        found[str(at(one, "name"))] = _symbol(symbols[0])
    if not all(isinstance(name, str) and name in found for name in names):
        raise Refused("a site of an unknown species")
    if at(told, "dimension_types", [1, 1, 1]) not in ([1, 1, 1], None):
        raise Refused("not periodic in three directions", strictly=True)
    if at(told, "structure_features", []) not in ([], None):
        raise Refused("features of a structure")
    if at(told, "nsites", len(names)) not in (len(names), None):
        raise Refused("another number of sites than it says")
    lattice, places = at(told, "lattice_vectors"), at(told, "cartesian_site_positions")
    numbers = [found[name] for name in names]
    checked_crystal(lattice, places, numbers)
    cell = np.array(lattice, dtype=float)
    if not abs(np.linalg.det(cell)) > 1e-9:
        raise Refused("no cell")
    coords = (np.array(places, dtype=float) @ np.linalg.inv(cell)).tolist()
    crystal = checked_crystal(lattice, coords, numbers)
    return Record(text_id(entry, "id"), crystal, None, {"_xx_gap": plain(told.get("_xx_gap"))})


def at(value: Any, key: str, default: Any = None) -> Any:
    """A value of an object that must be one."""
    if not isinstance(value, Mapping):
        raise Refused("no object")
    return value.get(key, default)


def plain(value: Any) -> Any:
    """A scalar value of a document; anything goes where it is none."""
    return value if value is None or isinstance(value, (bool, int, float, str)) else ANY


def text_id(document: Document, key: str) -> str | None:
    """The id of a document, None where it has none that is text."""
    value = document.get(key)
    return value if isinstance(value, str) and value.strip() else None


def values_of(document: Document, *names: str) -> dict[str, Any]:
    """Values of a document; ``a.b`` stands in an object."""
    found = {}
    for name in names:
        value: Any = document
        for key in name.split("."):
            value = value.get(key) if isinstance(value, Mapping) else ANY if value else None
        found[name] = plain(value) if value is not ANY else ANY
    return found


def file_document(document: Document) -> Record:
    """A record of a document in a file of one's own."""
    crystal = pymatgen_crystal(document.get("structure"))
    names = values_of(document, "energy_per_atom", "gap")
    return Record(text_id(document, "material_id"), crystal, None, names)


def mixed_document(document: Document) -> Record:
    """A record with a structure, or with a formula where the cell of the structure is empty."""
    structure = document.get("structure")
    if isinstance(structure, str):
        empty = structure.strip().lower() in MISSING and structure.strip() != "Na"
    else:
        empty = structure in (None, {}, []) or structure != structure
    if not empty:
        return file_document(document)
    formula = document.get("formula")
    if not isinstance(formula, str):
        raise Refused("no formula")
    names = values_of(document, "energy_per_atom", "gap")
    return Record(text_id(document, "material_id"), None, formula_amounts(formula), names)


def split_document(document: Document) -> Record:
    """A record of a row in the split form, whose label is no id."""
    return Record(None, pymatgen_crystal(document.get("structure")), None,
                  values_of(document, "gap"))  # fmt: skip


def jarvis_document(document: Document) -> Record:
    """A record of a JARVIS entry; -99999 is a missing value."""
    found = values_of(document, "formation_energy_peratom", "optb88vdw_bandgap")
    missing = {name: None if value == -99999 else value for name, value in found.items()}
    return Record(text_id(document, "jid"), jarvis_crystal(document.get("atoms")), None, missing)


def mp_document(document: Document) -> Record:
    """A record of a summary document of the Materials Project."""
    if document.get("deprecated"):
        raise Refused("deprecated")
    names = values_of(document, "energy_per_atom", "band_gap", "bulk_modulus.vrh")
    crystal = pymatgen_crystal(document.get("structure"))
    return Record(text_id(document, "material_id"), crystal, None, names)
