"""Raw records to columns: the part of reading that takes time and runs in workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matdata.adapters.sites import Sites, from_dict, to_crystals
from matdata.composition import parse_formula
from matdata.errors import StructureError
from matdata.ledger import Reject, Unusable
from matdata.sources.base import Chunk
from matdata.sources.readers.base import Raw

#: Raised when the same records are read otherwise, so that a snapshot of before is not found again.
READING = 2


def parse_structures(records: Sequence[Raw]) -> Chunk:
    """Parse records that hold structures; ``values["id"]`` is the material id."""
    ids: list[str] = []
    sites: list[Sites] = []
    rows: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    for record in records:
        values = _values_of(record)
        identity = str(values.pop("id"))
        outcomes = _outcomes_of(record)
        for number, outcome in enumerate(outcomes):
            name = identity if len(outcomes) == 1 else f"{identity}-{number + 1}"
            if isinstance(outcome, Unusable):
                message = f"{record.place}: {outcome}"
                rejects.append(Reject(name, "source", outcome.reason, message))
                continue
            ids.append(name)
            sites.append(outcome)
            rows.append(values)
    return Chunk(to_crystals(ids, sites), {**to_columns(rows), "material_id": ids}, rejects)


def _values_of(record: Raw) -> dict[str, Any]:
    if record.form != "xyz":
        return dict(record.values)
    from matdata.adapters.ase import frame_values

    values = {**record.values, **frame_values(record.payload)}
    key = record.id_key or "material_id"  # a frame that names itself keeps its name
    if key in values:
        values["id"] = values.pop(key)
    return values


def _outcomes_of(record: Raw) -> list[Sites | Unusable]:
    """The crystals of a record, or what is wrong: one each, but for CIF texts of many blocks."""
    try:
        if record.form == "cif":
            from matdata.adapters.cif import read_cif

            return [outcome.sites for outcome in read_cif(record.payload)]
        return [_crystal_of(record)]
    except Unusable as error:
        return [error]


def _crystal_of(record: Raw) -> Sites:
    if record.form == "dict":
        return from_dict(record.payload)
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
    """Parse records that hold formulas only; the formula is kept as it was written."""
    ids: list[str] = []
    rows: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    for record in records:
        identity = str(record.values["id"])
        formula = "" if record.payload is None else str(record.payload)
        try:
            if record.form == "none":
                raise Unusable("unreadable", formula)
            parse_formula(formula)
        except (StructureError, Unusable) as error:
            reason = error.reason if isinstance(error, Unusable) else "bad_formula"
            what = error.what if isinstance(error, StructureError) else str(error)
            message = f"{record.place}: {what}"
            rejects.append(Reject(identity, "source", reason, message))
            continue
        ids.append(identity)
        rows.append({"formula": formula, **{k: v for k, v in record.values.items() if k != "id"}})
    return Chunk(None, {**to_columns(rows), "material_id": ids}, rejects)


def to_columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Dictionaries, one a record, to columns."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: [row.get(name) for row in rows] for name in names}
