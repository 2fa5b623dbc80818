"""Tables of pandas, and lists of structures, as records with ids: rows that a source reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matdata.adapters import pymatgen
from matdata.core.documents import JsonMapping
from matdata.core.errors import ConfigError, SourceError, first_few
from matdata.materials.cells import holds_object, is_missing, plain, structure_of
from matdata.materials.items import is_material, is_pandas
from matdata.sources.readers.base import (
    DAMAGED,
    LABEL,
    LEFT_OUT,
    WEIGHT,
    Record,
    is_structure_dict,
)
from matdata.sources.readers.csv_table import UNNAMED, check_names
from matdata.sources.readers.json_tables import document
from matdata.sources.readers.json_text import Item
from matdata.sources.roles import ID_NAMES, names_structure

TAKES = (
    "a table of pandas, or pymatgen structures, ASE atoms and formulas, in a list, a series or a "
    "mapping of names"
)
STRUCTURE, FORMULA, TARGET = "structure", "formula", "target"
ATOM_BYTES = 64  # of a site in memory
RESERVED = (DAMAGED, LABEL, LEFT_OUT, WEIGHT)


@dataclass(frozen=True)
class Rows:
    """Records of what is in memory.

    Attributes
    ----------
    records
        Values by column, as readers of files give them; structures of objects are `Sites` or
        `Refused`.
    structure_col
        The column of structures where their kind shows it; None for inference by names and content.
    notes
        What was left out.
    """

    records: list[Record]
    structure_col: str | None = None
    notes: tuple[str, ...] = ()


def rows_of(
    materials: object,
    id_col: str | None = None,
    structure_col: str | None = None,
    initial_col: str | None = None,
) -> Rows:
    """Records of a table, or of structures and formulas.

    Parameters
    ----------
    materials
        What the user gives.
    id_col, structure_col, initial_col
        Columns that the user names.

    Raises
    ------
    SourceError
        If it has no rows, ids are not unique, names of columns are no texts or repeat, a cell holds
        what no table can, or several columns hold structures and none is named.
    ConfigError
        If it is nothing of the kind.
    """
    if is_pandas(materials, "DataFrame"):
        return _of_frame(materials, id_col, structure_col, initial_col)
    if is_pandas(materials, "Series"):
        labels = _labels(materials, has_ids=False)
        return _of_items(_values(materials), labels)
    if is_material(materials):
        return _of_items([materials], None)
    if isinstance(materials, Mapping):
        return _of_items(list(materials.values()), [str(name) for name in materials])
    if isinstance(materials, (bytes, bytearray)) or not isinstance(materials, Iterable):
        raise ConfigError(
            f"a source is its name, a path, or {TAKES}; got {_kind(materials)}",
            next_step="`matdata build --help` lists the sources",
        )
    return _of_items(list(materials), None)


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"


def _of_frame(
    frame: Any, id_col: str | None, structure_col: str | None, initial_col: str | None
) -> Rows:
    names = _names(frame)
    if not len(frame):
        raise SourceError("the table has no rows", next_step=f"give {TAKES}")
    labels = _index_ids(frame, names, id_col)
    unnamed = [name for name in names if not name.strip() or UNNAMED.fullmatch(name)]
    columns = {name: _values(frame[name]) for name in names if name not in unnamed}
    if id_col is not None and id_col not in columns and frame.index.name == id_col:
        columns = {id_col: _values(frame.index), **columns}
    objects = [name for name, cells in columns.items() if any(map(holds_object, cells))]
    chosen = _structure_column([one for one in objects if one != initial_col], structure_col)
    others = [name for name in objects if name not in (chosen, initial_col)]
    for name in others:
        del columns[name]
    notes = [f"{name or 'a nameless column'} is left out, as in files" for name in unnamed]
    notes += [f"{name} is left out: another structure" for name in others]
    rows = zip(*columns.values(), strict=True) if columns else [()] * len(frame)
    of_structures = [name for name in (chosen, initial_col) if name in columns]
    records = [_record(dict(zip(columns, row, strict=True)), of_structures) for row in rows]
    return Rows(_labelled(records, labels), chosen, tuple(notes))


def _names(frame: Any) -> list[str]:
    """Names of the columns, which are unique texts."""
    names = list(frame.columns)
    wrong = [name for name in names if not isinstance(name, str)]
    if wrong:
        raise SourceError(
            f"columns of the table have names that are no texts: {first_few(map(repr, wrong))}",
            next_step="name them: table.columns = [str(name) for name in table.columns]",
        )
    reserved = [name for name in names if name in RESERVED]
    if reserved:
        raise SourceError(
            f"{reserved[0]!r} cannot be the name of a column: matdata marks records with it",
            next_step="rename the column",
        )
    check_names(names, "the table")
    return names


def _index_ids(frame: Any, names: Sequence[str], id_col: str | None) -> list[str] | None:
    """Ids from the index; None where a column holds them, or nothing does."""
    if id_col is not None:
        return None
    has_ids = any(name.lower().strip() in ID_NAMES for name in names)
    labels = _labels(frame, has_ids)
    if labels is None or "material_id" not in names:
        return labels
    if [str(one) for one in frame["material_id"].tolist()] == labels:
        return None
    raise SourceError(
        "both the index and the column 'material_id' of the table hold ids, and they differ",
        next_step="choose: table.reset_index(drop=True), or table.drop(columns='material_id')",
    )


def _labels(table: Any, has_ids: bool) -> list[str] | None:
    """Labels of the index of a frame or series that are ids: texts, or whole numbers.

    None for a plain count of rows; for whole numbers without a name, which filtering leaves, where
    a column holds ids.
    """
    index = table.index
    if type(index).__name__ == "RangeIndex":
        return None
    if index.nlevels > 1:
        raise SourceError(
            "the index of the table has several levels, which are no ids",
            next_step="make one of them the index: table.reset_index().set_index('…')",
        )
    labels = index.tolist()
    whole = all(isinstance(one, int) and not isinstance(one, bool) for one in labels)
    if whole and index.name is None and has_ids:
        return None
    wrong = [one for one in labels if not isinstance(one, (str, int)) or isinstance(one, bool)]
    if wrong:
        raise SourceError(
            f"the index of the table holds {wrong[0]!r:.60}; ids are texts or whole numbers",
            next_step="table.reset_index(drop=True), or table.index.map(str) if these are ids",
        )
    ids = [str(one) for one in labels]
    twice = [name for name, count in Counter(ids).items() if count > 1]
    if twice:
        raise SourceError(
            f"{len(twice):,} ids of the index occur more than once: {first_few(twice)}",
            cause="tables joined with pd.concat, or one index for several records of a material",
            next_step="table.reset_index(drop=True), or name the column of ids (id_col=…)",
        )
    return ids


def _structure_column(objects: Sequence[str], user_column: str | None) -> str | None:
    """The column whose objects are the structures of the records."""
    if user_column is not None:
        return user_column
    named = [name for name in objects if names_structure(name)] or list(objects)
    if len(named) > 1:
        raise SourceError(
            f"several columns of the table hold structures: {first_few(map(repr, named))}",
            next_step="name the one that the records are about (structure_col=…)",
        )
    return named[0] if named else None


def _values(column: Any) -> list[Any]:
    return list(column.astype(object).tolist())


def _record(row: JsonMapping, structure_cols: Sequence[str]) -> Record:
    """A row as a JSON document of its values is read, with its structures beside them."""
    objects = {one: structure_of(row[one]) for one in structure_cols if holds_object(row.get(one))}
    values = {name: plain(one, name) for name, one in row.items() if name not in objects}
    atoms = sum(len(getattr(one, "numbers", ())) for one in objects.values())
    return {**document(Item(values, ATOM_BYTES * atoms)), **objects}


def _of_items(items: Sequence[Any], labels: Sequence[str] | None) -> Rows:
    """Records of structures and formulas, one each."""
    if not items:
        raise SourceError("there are no structures", next_step=f"give {TAKES}")
    cells = [_item(place, value) for place, value in enumerate(items)]
    names = list(dict.fromkeys(name for name, _ in cells))
    rows = [{name: value if name == own else None for name in names} for own, value in cells]
    objects = any(holds_object(value) for value in items)
    records = [_record(row, [STRUCTURE] if objects else []) for row in rows]
    return Rows(_labelled(records, labels), STRUCTURE if objects else None)


def _item(place: int, value: Any) -> tuple[str, Any]:
    """The column of an item, and the item."""
    if holds_object(value) or is_structure_dict(value) or is_missing(value):
        return STRUCTURE, value
    if pymatgen.is_composition(value):
        return FORMULA, value
    if isinstance(value, str):
        return (STRUCTURE, value) if "\n" in value.strip() else (FORMULA, _no_path(value))
    if isinstance(value, Path):
        _no_path(str(value), is_path=True)
    raise ConfigError(
        f"item {place} is {_kind(value)}; expected {TAKES}",
        next_step="give structures, or a table with a column of them",
    )


def _no_path(text: str, is_path: bool = False) -> str:
    if is_path or "/" in text or text.lower().endswith((".cif", ".vasp", ".xyz", ".json", ".csv")):
        raise ConfigError(
            f"{text[:80]!r} in the list is a path; a list holds structures and formulas",
            next_step="give the folder (or a zip) of the files as the source, or read them first",
        )
    return text


def _labelled(records: list[Record], labels: Sequence[str] | None) -> list[Record]:
    if labels is None:
        return records
    return [{LABEL: label, **one} for label, one in zip(labels, records, strict=True)]


def with_columns(rows: Rows, columns: JsonMapping) -> Rows:
    """Records with more columns, such as targets of structures.

    Parameters
    ----------
    rows
        The records (n).
    columns
        By name n values each, in the order of the records.

    Raises
    ------
    ConfigError
        If one has another length, no length, or a name that is taken.
    """
    records = [dict(record) for record in rows.records]
    for name, given in columns.items():
        try:
            values = list(given)
        except TypeError:
            values = []
        if isinstance(given, (str, Mapping)) or len(values) != len(records):
            raise ConfigError(
                f"target {name!r} has {len(values):,} values for {len(records):,} structures",
                next_step="give one value for each, in their order",
            )
        if any(name in record for record in records):
            raise ConfigError(f"{name!r} is a column already", next_step="name the target anew")
        for record, value in zip(records, values, strict=True):
            cell = document(Item({name: plain(value, name)}, int(record.get(WEIGHT, 0))))
            record.update(cell)
    return Rows(records, rows.structure_col, rows.notes)
