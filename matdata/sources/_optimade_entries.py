"""OPTIMADE entries: their structures, or why one is unusable, and their values as columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from matdata.adapters.sites import FULL, Sites, from_cartesian, number_of
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.ledger import Unusable
from matdata.sources._optimade_checks import check_dimensions, check_statements
from matdata.sources.base import Chunk
from matdata.sources.guard import Row, gather, too_many
from matdata.sources.limits import MAX_COLUMNS
from matdata.sources.parse import require_formula, structural_chunk, to_columns
from matdata.sources.readers.base import is_missing
from matdata.sources.readers.json_text import require_object

STRUCTURE = (
    "lattice_vectors", "cartesian_site_positions", "species_at_sites", "species",
    "structure_features", "assemblies",
)  # fmt: skip
DIMENSIONS = ("nsites", "dimension_types", "nperiodic_dimensions")
KIND = "structures"
MISSING = -99999  # JARVIS's marker of missing values
#: Features that indicate atoms not represented by the site positions.
FEATURES = {
    "disorder": ("disordered", "the entry is marked as disordered"),
    "assemblies": ("disordered", "sites stand for one another (assemblies)"),
    "implicit_atoms": ("implicit_atoms", "some atoms have no site"),
    "site_attachments": ("implicit_atoms", "some atoms are attached to others and have no site"),
    "unknown_positions": ("unknown_positions", "some positions are not known"),
}

#: The entries of a page.
Entries: TypeAlias = Sequence[object]


def sites_of(entry: JsonMapping) -> Sites:
    """One crystal.

    Raises
    ------
    Unusable
        If it is disordered, holds vacancies, unknown species or implicit atoms, is not periodic,
        or states a formula or number of sites that contradicts its sites.
    """
    attributes = _attributes(entry)
    try:
        elements = {
            species["name"]: _element(species) for species in attributes.get("species") or []
        }
        for feature in attributes.get("structure_features") or []:
            if feature in FEATURES:
                raise Unusable(*FEATURES[feature])
        check_dimensions(attributes)
        lattice = attributes.get("lattice_vectors")
        if not lattice or any(x is None for vector in lattice for x in vector):
            raise Unusable("not_periodic", "it is not periodic in all three directions")
        positions = attributes.get("cartesian_site_positions")
        if not positions:
            raise Unusable("no_structure", "the entry holds no positions")
        numbers = [number_of(elements[name]) for name in attributes["species_at_sites"]]
        check_statements(attributes, numbers)
        return from_cartesian(lattice, positions, numbers)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, AttributeError) as error:
        raise Unusable("unreadable", f"not an OPTIMADE structure: {error!r}") from None


def _element(species: JsonMapping) -> str:
    symbols, shares = species["chemical_symbols"], species.get("concentration") or [1.0]
    shares_text = ", ".join(f"{s} {float(c):.3g}" for s, c in zip(symbols, shares, strict=False))
    if "vacancy" in symbols:
        raise Unusable("disordered", f"a site is partly empty ({shares_text})")
    if len(symbols) != 1 or abs(float(shares[0]) - 1.0) > FULL:
        raise Unusable("disordered", f"a site is shared or partly empty ({shares_text})")
    if species.get("attached"):
        raise Unusable(*FEATURES["site_attachments"])
    return str(symbols[0])


def values_of(entry: Mapping[str, object]) -> JsonObject:
    """An entry's values; nested objects become ``a.b.c``, markers of missing values None.

    Raises
    ------
    Unusable
        If its attributes are not an object, or hold too many values.
    """
    attributes = _attributes(entry)
    flat: JsonObject = {}
    for name, value in attributes.items():
        if name not in STRUCTURE:
            _flatten(name, value, flat)
    if len(flat) > MAX_COLUMNS:
        raise too_many(len(flat))
    return flat


def _attributes(entry: Mapping[str, object]) -> JsonMapping:
    attributes = entry.get("attributes")
    if attributes is not None and not isinstance(attributes, Mapping):
        kind = type(attributes).__name__
        raise Unusable("unreadable", f"attributes are no object but {kind}")
    return attributes or {}


def chunk_of(entries: Entries) -> Chunk:
    """Structures and values of entries."""
    gathered = gather(entries, _identity, _row)
    table = {"material_id": gathered.ids, **to_columns(gathered.rows)}
    return structural_chunk(gathered, table)


def _identity(entry: object) -> str:
    if not isinstance(entry, dict):
        return "an entry without an id"
    return "" if entry.get("id") is None else str(entry["id"])


def _row(entry: Any) -> Iterator[Row]:
    kind = require_object(entry).get("type", KIND)  # services may omit the type
    if kind != KIND:
        raise Unusable("unreadable", f"its type is {kind!r:.80}, not {KIND!r}")
    values = values_of(entry)
    if not _is_known_by_formula(entry):
        yield Row(_identity(entry), values, sites_of(entry))
        return
    formula = str(_attributes(entry)["chemical_formula_reduced"])
    require_formula(formula)
    yield Row(_identity(entry), {**values, "formula": formula})


def _is_known_by_formula(entry: JsonMapping) -> bool:
    """Whether an entry states a formula and nothing about a structure, not even its dimensions."""
    attributes = _attributes(entry)
    silent = all(is_missing(attributes.get(name)) for name in (*STRUCTURE, *DIMENSIONS))
    return silent and isinstance(attributes.get("chemical_formula_reduced"), str)


def day_of(entry: Mapping[str, object]) -> str:
    """Day of an entry's last change as ``2026.01.02``, empty if not stated."""
    attributes = entry.get("attributes")
    text = str(attributes.get("last_modified")) if isinstance(attributes, Mapping) else ""
    match = re.match(r"(\d{4})-(\d\d)-(\d\d)", text)
    return ".".join(match.groups()) if match else ""


def _flatten(name: str, value: object, flat: JsonObject) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(f"{name}.{key}", inner, flat)
    elif isinstance(value, (list, tuple)):
        if value and all(isinstance(item, (int, float)) for item in value):
            flat[name] = list(value)
    elif value == MISSING or (isinstance(value, str) and value.strip().lower() in ("na", "")):
        flat[name] = None
    elif value is None or isinstance(value, (str, int, float, bool)):
        flat[name] = value
