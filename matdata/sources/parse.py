"""Raw records to columns: the expensive part of reading, which runs in workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from matdata.adapters.sites import Sites, from_dict, to_crystals
from matdata.core.composition import parse_formula
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import StructureError
from matdata.core.ledger import Reject, Unusable
from matdata.core.packages import needed_for
from matdata.core.part_names import PART_COLUMN
from matdata.sources.base import Chunk
from matdata.sources.guard import Gathered, Row, gather, rejected
from matdata.sources.readers.base import Raw
from matdata.sources.readers.computed_entries import recorrected

#: Raw records, after whether all of them are known by their formula alone.
RecordChunk: TypeAlias = tuple[bool, list[Raw]]


def parse_structures(records: Sequence[Raw]) -> Chunk:
    """Parse records that hold structures; ``values["id"]`` is the material id.

    A record of the form ``formula`` has no structure: it is known by its formula alone.
    """
    gathered = gather(records, _identity, _rows_of, _place)
    return structural_chunk(gathered, {**to_columns(gathered.rows), "material_id": gathered.ids})


def structural_chunk(gathered: Gathered, table: dict[str, list[Any]]) -> Chunk:
    """The chunk of a source of structures, of which some records may have a formula alone."""
    rows = gathered.structure_rows
    ids = [gathered.ids[row] for row in rows]
    partial = None if len(rows) == len(gathered.ids) else np.array(rows, dtype=np.int64)
    return Chunk(to_crystals(ids, gathered.sites), table, gathered.rejects, partial)


def _place(record: Raw) -> str:
    return record.place


def _identity(record: Raw) -> str:
    try:
        return str(_values_of(record)["id"])
    except Unusable:  # the frame's comment line, which holds its name, cannot be read
        return f"{record.qualifier}{record.values['id']}"


def _rows_of(record: Raw) -> Iterator[Row | Reject]:
    if record.form == "formula":
        yield from _formula_of(record)
        return
    values = _values_of(record)
    identity = str(values.pop("id"))
    outcomes = _outcomes_of(record)
    for number, outcome in enumerate(outcomes):
        name = identity if len(outcomes) == 1 else f"{identity}-{number + 1}"
        if isinstance(outcome, Exception):
            yield rejected(name, outcome, f"{record.place}: ")
        else:
            yield Row(name, values, outcome)


def _values_of(record: Raw) -> JsonObject:
    values = _stated_values(record)
    values["id"] = f"{record.qualifier}{values['id']}"
    if record.part is None:
        return values
    own = {name: value for name, value in values.items() if name != PART_COLUMN}
    if PART_COLUMN in values:
        name = f"{PART_COLUMN}_given"
        while name in own:
            name += "_given"
        own[name] = values[PART_COLUMN]
    return {**own, PART_COLUMN: record.part}


def _stated_values(record: Raw) -> JsonObject:
    if record.entry is not None:
        return {**record.values, **recorrected(record.entry, record.corrections)}
    if record.form != "xyz":
        return dict(record.values)
    from matdata.adapters.ase import frame_values
    from matdata.adapters.xyz_comment import identity_in

    values = {**record.values, **frame_values(record.payload)}
    key = record.id_key or "material_id"  # a frame that names itself keeps its name, as written
    identity = identity_in(record.payload.split("\n", 2)[1], key)
    if identity is not None:
        values.pop(key, None)
        values["id"] = identity
    return values


def without_comment(record: Raw) -> Raw:
    """A record of extended XYZ, whose text names it and holds its values, with these beside it.

    Others are as they were.
    """
    if record.form != "xyz":
        return record
    payload: Sites | tuple[str, str]
    try:
        values = _stated_values(record)
        payload = _read(record)
    except Unusable as fault:
        values, payload = dict(record.values), (fault.reason, str(fault))
    return replace(record, form="sites", payload=payload, values=values, id_key=None)


def _read(record: Raw) -> Sites | tuple[str, str]:
    try:
        return _crystal_of(record)
    except Unusable as fault:
        return fault.reason, str(fault)


def _outcomes_of(record: Raw) -> Sequence[Sites | Exception]:
    """The crystal of a record; for a CIF text one outcome per block, a crystal or its error."""
    if record.form == "cif":
        with needed_for("reading CIF"):
            from matdata.adapters.cif import read_cif

        return [outcome.sites for outcome in read_cif(record.payload)]
    return [_crystal_of(record)]


def _crystal_of(record: Raw) -> Sites:
    if record.form == "dict":
        return from_dict(record.payload)
    if record.form == "sites":
        if isinstance(record.payload, Sites):
            return record.payload
        raise Unusable(*record.payload)
    if record.form == "poscar":
        from matdata.adapters.poscar import read_poscar

        return read_poscar(record.payload)
    if record.form == "xyz":
        from matdata.adapters.ase import parse_frame

        return parse_frame(record.payload)
    if record.form == "ase":
        from matdata.adapters.ase import sites_of_row

        return sites_of_row(record.payload)
    raise Unusable("unreadable", str(record.payload))


def parse_formulas(records: Sequence[Raw]) -> Chunk:
    """Parse records that hold formulas only; formulas are kept as written."""
    gathered = gather(records, _identity, _formula_of, _place)
    table: dict[str, list[Any]] = {"formula": [], **to_columns(gathered.rows)}
    return Chunk(None, {**table, "material_id": gathered.ids}, gathered.rejects)


def _formula_of(record: Raw) -> Iterator[Row]:
    formula = "" if record.payload is None else str(record.payload)
    if record.form == "none":
        raise Unusable("unreadable", formula)
    require_formula(formula)
    values = _values_of(record)
    identity = values.pop("id")
    yield Row(identity, {"formula": formula, **values})


def require_formula(formula: str) -> None:
    """Check the formula of a record that has no structure.

    Raises
    ------
    Unusable
        If it cannot be parsed.
    """
    try:
        parse_formula(formula)
    except StructureError as error:
        why = f"{error.what} ({error.cause})" if error.cause else error.what
        raise Unusable("bad_formula", why) from error


def to_columns(rows: Sequence[JsonMapping]) -> dict[str, list[Any]]:
    """Columns from dictionaries, one per record; None where a record lacks a key."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: [row.get(name) for row in rows] for name in names}
