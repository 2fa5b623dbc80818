"""Independent readers of the JSON kinds, with the json module alone."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fuzz.records import ANY, Broken, Crystal, Entry, Reading, Record, Refused, checked_crystal
from fuzz.strict_text import content, element

Document = Mapping[str, Any]
MAX_LABEL = 200  # characters of a label that must be taken for an id


def parsed(text: str) -> Any:
    """The value of a JSON text; NaN and Infinity are read as Python writes them."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Broken(f"not JSON: {str(error)[:60]}") from None


def parsed_lines(text: str) -> list[Any]:
    """The value of each line that is not blank, `Broken` where a line is no JSON."""
    return _each([line for line in io.StringIO(text, newline="") if line.strip()])


def entries_of(documents: Sequence[Any], make: Callable[[Document], Record]) -> tuple[Entry, ...]:
    """An entry a document; what is no object is refused."""
    found = []
    for document in documents:
        if isinstance(document, Mapping):
            made = content(lambda document=document: make(document))
        else:
            made = Refused("no object")
        found.append(Entry(_raw(document), made))
    return tuple(found)


def _raw(document: Any) -> str:
    try:
        return json.dumps(document, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return repr(document)[:2000]


def json_list(text: str, make: Callable[[Document], Record]) -> Reading:
    """A list of documents; of a damaged one, the elements that are whole."""
    try:
        value = parsed(text)
    except Broken:
        return damaged_list(text, make)
    if not isinstance(value, list):
        raise Broken("no list")
    # What is no UTF-8 may end the reading of a stream.
    return Reading(entries_of(value, make), "\ufffd" if "\ufffd" in text else "")


def damaged_list(text: str, make: Callable[[Document], Record]) -> Reading:
    """Elements between the commas of a list that is closed, each by itself.

    Where quotations or brackets are damaged nobody knows how many there are.

    Raises
    ------
    Broken
        If it is no list, or not closed.
    """
    parts = _elements(text.strip())
    if parts is None:
        raise Broken("no list, or one that is cut")
    return Reading(entries_of(_each(parts), make), "damaged", counted=False)


def _each(parts: Sequence[str]) -> list[Any]:
    """The value of each text, `Broken` where it is no JSON."""
    values: list[Any] = []
    for part in parts:
        try:
            values.append(parsed(part))
        except Broken as error:
            values.append(error)
    return values


def _elements(text: str) -> list[str] | None:
    if not text.startswith("["):
        return None
    depth, start, quoted, parts, place = 0, 1, False, [], 0
    while place < len(text):
        mark = text[place]
        if quoted:
            place += mark == "\\"
            quoted = mark != '"'
        elif mark == '"':
            quoted = True
        elif mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
        if not quoted and (depth == 0 or (depth == 1 and mark == ",")):
            parts.append(text[start:place])
            start = place + 1
        if depth == 0:
            return parts
        place += 1
    return None


def json_lines(text: str, make: Callable[[Document], Record]) -> Reading:
    """A document a line."""
    values = parsed_lines(text)
    if not values:
        raise Broken("no line")
    return Reading(entries_of(values, make))


def json_split(text: str, make: Callable[[Document], Record]) -> Reading:
    """pandas' "split" form; of damaged data, the rows that are whole."""
    odd = "\ufffd" if "\ufffd" in text else ""
    try:
        value = parsed(text)
    except Broken:
        columns, data = _damaged_split(text)
        index, odd, counted = [], "damaged", False
    else:
        if not isinstance(value, dict):
            raise Broken("no object")
        columns, data, index = (value.get(key) for key in ("columns", "data", "index"))
        if not all(isinstance(one, list) for one in (index, columns, data)):
            raise Broken("not the split form")
        if len(index) != len(data):
            raise Broken("index and data do not fit")
        counted = True
    if "structure" not in columns or len(columns) > len(set(map(str, columns))):
        raise Broken("columns that do not fit")
    rows = [
        dict(zip(columns, row, strict=True))
        if isinstance(row, list) and len(row) == len(columns)
        else row
        for row in data
    ]
    entries = entries_of(rows, make)
    labelled = itertools.zip_longest(entries, index, fillvalue=0)
    entries = tuple(entry if _names(label) else _touched(entry) for entry, label in labelled)
    return Reading(entries, repr(columns) + odd, counted)


def _names(label: Any) -> bool:
    """Whether a label of a row can be its id: a row without one may be refused, with a reason."""
    if isinstance(label, str):
        return bool(label.strip()) and label.isprintable() and len(label) < MAX_LABEL
    return isinstance(label, int)


def _touched(entry: Entry) -> Entry:
    return replace(entry, raw="a label that is no id: " + entry.raw)


def _damaged_split(text: str) -> tuple[list[Any], list[Any]]:
    found = re.search(r'"columns":\s*(\[[^\]]*\])', text)
    data = text.partition('"data":')[2].strip()
    parts = _elements(data)
    if found is None or parts is None:
        raise Broken("not the split form, or one that is cut")
    return parsed(found[1]), _each(parts)


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
