"""Raw records of tables and documents: the structures or the formula of each, and its values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from matdata.sources.readers.base import (
    DAMAGED,
    LABEL,
    LEFT_OUT,
    WEIGHT,
    Form,
    Raw,
    Record,
    is_cif,
    is_missing,
    is_structure_dict,
)
from matdata.sources.readers.folder import form_of
from matdata.sources.readers.json_text import Damaged, decode
from matdata.sources.readers.peek import weight_of
from matdata.sources.readers.records import ASE_ROW, XYZ_TEXT
from matdata.sources.roles import Roles, formula_column, holds_structure, names_structure

#: Columns of pairs: the record that a row is of, and which of its two structures the row has.
BASIN, STRUCTURE_ROLE = "basin", "structure_role"
RELAXED, INITIAL = "relaxed", "initial"


class Place(NamedTuple):
    """Where a record is: for messages, its number in its set of files (from 0), and their stem."""

    location: str
    number: int
    stem: str


def raws_of(record: Record, place: Place, roles: Roles) -> Iterator[Raw]:
    """The rows of a record: one, or those of its relaxed and of its initial structure.

    The row of the initial structure has the values of the record too: relaxation leads from one
    structure to the other, so they share a basin of the energy and what is known of its minimum.
    """
    if roles.initial is None:
        yield raw_of(record, place, roles)
        return
    others = {name: value for name, value in record.items() if name != roles.structure}
    record.pop(roles.initial, None)
    relaxed = raw_of(record, place, roles)
    before = raw_of(others, place, replace(roles, structure=roles.initial))
    yield from pair_of(relaxed, before, str(relaxed.values["id"]))


def pair_of(relaxed: Raw, before: Raw, identity: str) -> Iterator[Raw]:
    """The rows of a relaxed structure and of the one before relaxation of one record."""
    if before.form == "formula":  # which is that of the relaxed structure as well
        before = replace(before, form="none", payload="no structure before relaxation")
    yield _in_role(relaxed, None if relaxed.form == "formula" else RELAXED, identity, identity)
    yield _in_role(before, INITIAL, identity, f"{identity}-{INITIAL}")


def _in_role(raw: Raw, role: str | None, basin: str, identity: str) -> Raw:
    """A row with its role; the source's own columns of these names are kept as ``…_given``."""
    values: Record = {}
    for name, value in raw.values.items():
        while name in (BASIN, STRUCTURE_ROLE) or (name in values and name != "id"):
            name += "_given"
        values[name] = value
    return replace(raw, values={**values, BASIN: basin, STRUCTURE_ROLE: role, "id": identity})


def raw_of(record: Record, place: Place, roles: Roles) -> Raw:
    """A record with its structure, or the formula of one that has none; else why it has neither.

    Parameters
    ----------
    record
        Values by column; what is no column is taken out of it.
    place
        Where it is; ids of records without one are made of it.
    roles
        What the columns of the file mean.
    """
    location, weight = place.location, weight_of(record)
    record.pop(WEIGHT, None)
    left_out = record.pop(LEFT_OUT, ())
    label = record.pop(LABEL, place.number)
    identity = record.get(roles.id) if roles.id else None
    if not isinstance(identity, (str, int, float)):
        identity = f"{place.stem}-{int(label):07d}" if isinstance(label, int) else str(label)
    if DAMAGED in record:
        return Raw(location, "none", record[DAMAGED], {"id": identity})
    payload = record.get(roles.structure) if roles.structure else None
    if isinstance(payload, str) and payload.lstrip().startswith("{"):
        payload, weight = _from_json(payload, weight)
    of_formula = roles.formula or formula_column(record)
    formula = record.get(of_formula) if of_formula else None
    columns = {
        k: v for k, v in record.items() if k not in (roles.structure, roles.id, roles.formula)
    }
    values = {**columns, "id": identity}
    if roles.structure == XYZ_TEXT:
        return Raw(location, "xyz", payload, values, roles.id, weight)
    problem = None if is_missing(payload) else _no_structure(payload)
    places = [name for name in left_out if _is_place(name, roles)]
    if places:
        problem = f"{places[0]!r} is there, but is no structure"
    elif roles.structure and is_missing(payload):
        problem = _misplaced(record, roles.structure)
    if problem is not None:
        return Raw(location, "none", problem, values, weight=weight)
    if not is_missing(payload):
        return Raw(location, _form(payload, roles), payload, values, weight=weight)
    if formula is not None:
        return Raw(location, "formula", formula, values, weight=weight)
    lacks = [what for what in ("structure", "formula") if getattr(roles, what)]
    return Raw(location, "none", " and ".join(f"no {what}" for what in lacks), values)


def _is_place(name: str, roles: Roles) -> bool:
    """Whether a structure is expected there; by its name where no record has a structure."""
    return names_structure(name) if roles.structure is None else name == roles.structure


def _misplaced(record: Record, column: str) -> str | None:
    """Why a record without a structure in its place is not known by its formula alone."""
    other = next((name for name, value in record.items() if holds_structure(name, value)), None)
    return None if other is None else f"no structure in {column!r}, but one in {other!r}"


def _from_json(text: str, weight: int) -> tuple[object, int]:
    """The structure of a JSON text, as pymatgen's `to_json` writes it, and the record's weight."""
    item = decode(text)
    if not isinstance(item.value, Damaged) and not is_structure_dict(item.value):
        return Damaged("a JSON text that is no structure"), weight
    return item.value, weight - len(text) + item.weight


def _no_structure(payload: object) -> str | None:
    """Why a text is neither CIF nor POSCAR nor JSON of a structure, as far as its form shows."""
    if isinstance(payload, Damaged):
        return f"the structure is {payload.message}"
    if not isinstance(payload, str):
        return None
    stripped = payload.strip()
    if len(stripped.splitlines()) == 1:
        name = "the name of a file" if form_of(stripped) else "one line of text"
        return (
            f"{stripped[:40]!r} is {name}, not a structure; give the folder or a zip of the files"
        )
    return None


def _form(payload: object, roles: Roles) -> Form:
    if roles.structure == ASE_ROW:
        return "ase"
    if isinstance(payload, str):
        return "cif" if is_cif(payload) else "poscar"
    return "sites" if isinstance(payload, tuple) else "dict"
