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


def parse_structures(records: Sequence[Raw]) -> Chunk:
    """Parse records that hold structures; ``values["id"]`` is the material id."""
    ids: list[str] = []
    sites: list[Sites] = []
    rows: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    for record in records:
        values = _values_of(record)
        identity = str(values.pop("id"))
        try:
            crystals = _structures_of(record)
        except Unusable as error:
            rejects.append(Reject(identity, "source", error.reason, f"{record.place}: {error}"))
            continue
        for number, crystal in enumerate(crystals):
            ids.append(identity if len(crystals) == 1 else f"{identity}-{number + 1}")
            sites.append(crystal)
            rows.append(values)
    return Chunk(to_crystals(ids, sites), {**to_columns(rows), "material_id": ids}, rejects)


def _values_of(record: Raw) -> dict[str, Any]:
    if record.form != "xyz":
        return dict(record.values)
    from matdata.adapters.ase import frame_values
    from matdata.adapters.xyz_comment import comment_texts

    values = {**record.values, **frame_values(record.payload)}
    key = record.id_key or "material_id"  # a frame that names itself keeps its name, as written
    texts = comment_texts("".join(record.payload.split("\n", 2)[1:2]))
    if key in texts:
        values.pop(key, None)
        values["id"] = texts[key]
    return values


def _structures_of(record: Raw) -> list[Sites]:
    if record.form == "dict":
        return [from_dict(record.payload)]
    if record.form == "cif":
        from matdata.adapters.pymatgen import parse_cif

        return parse_cif(record.payload)
    if record.form == "poscar":
        from matdata.adapters.pymatgen import parse_poscar

        return parse_poscar(record.payload)
    if record.form == "xyz":
        from matdata.adapters.ase import parse_frame

        return [parse_frame(record.payload)]
    if record.form == "ase":
        from matdata.adapters.ase import sites_of_row

        return [sites_of_row(record.payload)]
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
            rejects.append(Reject(identity, "source", reason, f"{record.place}: {_why(error)}"))
            continue
        ids.append(identity)
        rows.append({"formula": formula, **{k: v for k, v in record.values.items() if k != "id"}})
    return Chunk(None, {**to_columns(rows), "material_id": ids}, rejects)


def _why(error: Exception) -> str:
    if not isinstance(error, StructureError):
        return str(error)
    return f"{error.what} ({error.cause})" if error.cause else error.what


def to_columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Dictionaries, one a record, to columns."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: [row.get(name) for row in rows] for name in names}
