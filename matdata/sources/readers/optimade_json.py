"""Records of an OPTIMADE answer that lies in a JSON file: an object with ``meta`` and ``data``.

Entries are checked as those of a service are. Of an export of matdata the columns come back under
their own names, and fractional coordinates as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from matdata.adapters.sites import Sites, from_fractional
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.ledger import Unusable
from matdata.sources._optimade_entries import sites_of, values_of
from matdata.sources.optimade_terms import COLUMNS, EXACT, EXPORT
from matdata.sources.readers.base import DAMAGED, WEIGHT, Record
from matdata.sources.readers.file_metadata import FileMetadata, accepted
from matdata.sources.readers.json_text import Damaged, Item, opened

#: Keys of an answer; ``meta`` is looked for among them alone.
MEMBERS = frozenset(("links", "meta", "data", "jsonapi", "included"))
KIND = "structures"
CLOSE = 1e-6  # Å between positions and those of the fractional coordinates


def is_answer(begins: JsonMapping) -> bool:
    """Whether keys, with the first characters of their values, are those of an answer."""
    return begins.keys() <= MEMBERS and begins.get("meta") == "{" and begins.get("data") == "["


def read_answer(path: Path) -> Iterator[Record]:
    """A record per entry."""
    meta = _meta(path)
    columns = _columns(meta)
    with opened(path) as text:
        for name in text.members():
            if name != "data":
                text.skip()
                continue
            for item in text.values():
                yield _record(item, columns)


def metadata_of(path: Path) -> FileMetadata:
    """Metadata of an answer that matdata wrote; none of other files."""
    meta = _meta(path)
    columns, about = meta.get(COLUMNS), meta.get(EXPORT)
    if not isinstance(columns, dict) or not isinstance(about, dict):
        return FileMetadata()
    properties = [one for one in columns.values() if isinstance(one, dict)]
    units = {str(one.get("column")): one.get("unit") for one in properties if one.get("unit")}
    axes = {str(one.get("column")): one.get("axis") for one in properties if one.get("axis")}
    return accepted(units, axes, about)


def _meta(path: Path) -> JsonObject:
    """``meta``, if it stands before the data; empty for files of another form."""
    with opened(path) as text:
        if text.peek() != "{":
            return {}
        for name in text.members():
            if name not in MEMBERS or name == "data":
                return {}
            if name == "meta" and text.peek() == "{":
                value = text.value().value
                return value if isinstance(value, dict) else {}
            text.skip()
    return {}


def _columns(meta: JsonMapping) -> dict[str, str] | None:
    """Column by property of an export of matdata; None of other answers."""
    columns = meta.get(COLUMNS)
    if not isinstance(columns, dict):
        return None
    named = {
        name: one.get("column") if isinstance(one, dict) else None for name, one in columns.items()
    }
    return {name: column for name, column in named.items() if isinstance(column, str)}


def _record(item: Item, columns: dict[str, str] | None) -> Record:
    entry = item.value
    if isinstance(entry, Damaged):
        return {DAMAGED: entry.message}
    if not isinstance(entry, dict) or entry.get("type", KIND) != KIND:
        return {DAMAGED: f"no entry of the type {KIND!r}"}
    try:
        attributes = entry.get("attributes")
        values = values_of(entry)
        if columns is not None and isinstance(attributes, dict):
            values = {column: attributes.get(name) for name, column in columns.items()}
    except Unusable as error:
        return {DAMAGED: str(error)}
    identity = entry.get("id")
    named = {} if identity is None else {"material_id": str(identity)}
    return {**named, **values, "structure": _structure(entry), WEIGHT: item.weight}


def _structure(entry: JsonMapping) -> Sites | tuple[str, str]:
    """The crystal, or the reason and message of one that cannot be used."""
    try:
        sites = sites_of(entry)
        exact = entry["attributes"].get(EXACT)
        return sites if exact is None else _exact(sites, exact)
    except Unusable as error:
        return error.reason, str(error)


def _exact(sites: Sites, frac_coords: object) -> Sites:
    exact = from_fractional(sites.lattice, frac_coords, sites.numbers.tolist())
    apart = (exact.frac_coords - sites.frac_coords) @ sites.lattice
    if not np.all(np.abs(apart) < CLOSE):
        raise Unusable("contradiction", f"{EXACT} are other positions than those of the sites")
    return exact
