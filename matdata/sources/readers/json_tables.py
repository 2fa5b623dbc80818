"""Records of JSON files: lists of documents, one structure, and the forms of pandas."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError
from matdata.core.ledger import Unusable
from matdata.sources.limits import MAX_COLUMNS, MAX_RECORD, MIB
from matdata.sources.readers.base import (
    DAMAGED,
    ENTRY,
    LABEL,
    LEFT_OUT,
    WEIGHT,
    Record,
    flatten,
    is_missing,
    is_structure_dict,
)
from matdata.sources.readers.computed_entries import identity_of, is_entry, plain_entry
from matdata.sources.readers.csv_table import check_names
from matdata.sources.readers.json_text import Damaged, Item, JsonText, opened
from matdata.sources.readers.optimade_json import is_answer, read_answer
from matdata.sources.roles import FORMULA_NAMES, STRUCTURE_NAMES

PEEK = 100  # keys of an object that are inspected
KNOWN = frozenset((*STRUCTURE_NAMES, *FORMULA_NAMES))
OF_STRUCTURE = ("lattice", "sites", "lattice_mat", "@module", "@class")
WRITE = 'write the table with DataFrame.to_json(orient="split"), or with orient="records"'
Kind = Literal["split", "table", "columns", "index", "structure", "answer"]


def document(item: Item) -> Record:
    """A JSON object as a record of plain values and structures; damage is passed on.

    Infinity becomes text as in a CSV file, so that it is counted with the values that are not
    numbers.
    """
    value = item.value
    if isinstance(value, Damaged):
        return {DAMAGED: value.message}
    if not isinstance(value, dict):
        return {DAMAGED: f"expected a JSON object, got {type(value).__name__}"}
    entry: JsonObject | None = None
    if is_entry(value):
        try:
            value, entry = plain_entry(value), value
        except Unusable as error:
            identity = identity_of(value)
            named = {} if identity is None else {"material_id": str(identity)}
            return {**named, DAMAGED: str(error)}
    if is_structure_dict(value):  # a list of structures, as pymatgen's `as_dict` gives them
        return {"structure": value, WEIGHT: item.weight}
    structures = {
        key: item_value for key, item_value in value.items() if is_structure_dict(item_value)
    }
    try:
        flat = {key: _without_infinity(item_value) for key, item_value in flatten(value).items()}
    except Unusable as error:
        return {DAMAGED: str(error)}
    record = {**flat, **structures, WEIGHT: item.weight, **({ENTRY: entry} if entry else {})}
    left_out = [key for key in value if key not in record and not is_missing(value[key])]
    return {**record, LEFT_OUT: left_out} if left_out else record


def _without_infinity(value: object) -> Any:
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def read_json(path: Path) -> Iterator[Record]:
    """Records of a JSON file, read as a stream: memory is bounded by one record.

    Raises
    ------
    SourceError
        If it has another form (named in the message), or is truncated.
    """
    with opened(path) as text:
        start = text.peek()
        if start == "[":
            yield from map(document, text.values())
            text.end()
            return
    if start != "{":
        raise _other(path, f"it begins with {start!r}" if start else "it is empty")
    kind = _kind(path)
    if kind == "structure":
        with opened(path) as text:
            item = text.value()
            value = item.value
            whole = value if isinstance(value, Damaged) else {"structure": value}
            yield document(Item(whole, item.weight))
            text.end()
    else:
        readers = {
            "split": _split,
            "table": _table,
            "index": _index,
            "columns": _columns,
            "answer": read_answer,
        }
        yield from readers[kind](path)


def _other(path: Path, what: str) -> SourceError:
    return SourceError(
        f"{path}: expected a list of documents, a structure, or a table of pandas; {what}",
        next_step=WRITE,
    )


def _kind(path: Path) -> Kind:
    """Kind of an object, inferred from its keys and the first characters of their values."""
    begins: dict[str, str] = {}
    inner: list[str] = []
    with opened(path) as text:
        for key in text.members():
            if key in OF_STRUCTURE:
                return "structure"
            begins[key] = text.peek()
            if begins.get("data") == "[" and "schema" in begins:
                return "table"
            if begins.get("data") == begins.get("columns") == "[":
                return "split"
            if len(begins) == 1 and begins[key] == "{":
                inner = _keys(text)
                if KNOWN & {*map(_plain_name, inner)} and _plain_name(key) not in KNOWN:
                    return "index"
            else:
                text.skip()
            if len(begins) > MAX_COLUMNS:
                raise _other(path, f"it is an object with more than {MAX_COLUMNS:,} keys")
    return "answer" if is_answer(begins) else _by_columns(path, begins, inner)


def _by_columns(path: Path, begins: dict[str, str], inner: list[str]) -> Kind:
    if begins and set(begins.values()) == {"{"}:
        if KNOWN & {*map(_plain_name, begins)} and not KNOWN & {*map(_plain_name, inner)}:
            return "columns"
        raise _other(
            path,
            'it looks like orient="columns" (or "index"), and no key is the name of a column of '
            "structures or formulas, so columns and rows cannot be distinguished",
        )
    raise _other(path, f"it is an object with the keys {', '.join(list(begins)[:8]) or '(none)'}")


def _keys(text: JsonText) -> list[str]:
    """The first keys of the object that begins here, which is skipped."""
    keys: list[str] = []
    for key in text.members():
        text.skip()
        if len(keys) < PEEK:
            keys.append(key)
    return keys


def _plain_name(name: str) -> str:
    return name.lower().strip().replace(" ", "_")


def _member(text: JsonText, name: str) -> bool:
    """Advance to the value of a key in the object that begins here; whether it has that key."""
    for key in text.members():
        if key == name:
            return True
        text.skip()
    return False


def _split(path: Path) -> Iterator[Record]:
    """Rows of ``orient="split"``; their labels come from the index."""
    with opened(path) as text:
        _member(text, "columns")
        columns = text.value().value
    if not isinstance(columns, list) or len(columns) > MAX_COLUMNS:
        raise _other(path, "its columns are no list of names")
    names = [
        json.dumps(column) if isinstance(column, (list, dict)) else str(column)
        for column in columns
    ]
    check_names(names, str(path))
    with opened(path) as labels, opened(path) as rows:
        has_index = _member(labels, "index")
        _member(rows, "data")
        index = labels.values() if has_index else None
        for number, row in enumerate(rows.values()):
            label = number if index is None else _label(next(index, None))
            if label is None:
                raise _unpaired(path, f"the index ends before row {number + 1:,} of the data")
            yield {LABEL: label, **_row(names, row)}
        if index is not None and next(index, None) is not None:
            raise _unpaired(path, "the index has more labels than the data has rows")


def _unpaired(path: Path, what: str) -> SourceError:
    return SourceError(
        f"{path}: its index and its data differ in length: {what}",
        cause="the table was truncated or joined by hand: labels cannot be matched to rows",
        next_step=WRITE,
    )


def _label(item: Item | None) -> Any:
    if item is None:
        return None
    value = item.value
    return value if isinstance(value, (str, int)) else str(value)


def _row(names: list[str], item: Item) -> Record:
    values = item.value
    if isinstance(values, Damaged):
        return {DAMAGED: values.message}
    if not isinstance(values, list) or len(values) != len(names):
        count = len(values) if isinstance(values, list) else "no list of"
        return {DAMAGED: f"a row with {count} values for {len(names)} columns"}
    return document(Item(dict(zip(names, values, strict=True)), item.weight))


def _table(path: Path) -> Iterator[Record]:
    """Rows of ``orient="table"``: documents, with a schema that names the index."""
    with opened(path) as text:
        _member(text, "schema")
        schema = text.value().value
    keys = schema.get("primaryKey") if isinstance(schema, dict) else None
    nameless = keys == ["index"]  # pandas' name for a nameless index
    with opened(path) as text:
        _member(text, "data")
        for item in text.values():
            record = document(item)
            label = record.pop("index", None) if nameless else None
            yield record if label is None else {LABEL: label, **record}


def _index(path: Path) -> Iterator[Record]:
    """Rows of ``orient="index"``: an object of documents by label."""
    with opened(path) as text:
        for label in text.members():
            yield {LABEL: int(label) if _is_number(label) else label, **document(text.value())}
        text.end()


def _is_number(label: str) -> bool:
    return label.isascii() and label.isdigit() and str(int(label[:18])) == label


def _columns(path: Path) -> Iterator[Record]:
    """Rows of ``orient="columns"``, read at once, since each row is spread over all columns."""
    columns: dict[str, JsonObject] = {}
    weight = 0
    with opened(path) as text:
        for name in text.members():
            item = text.value()
            weight += item.weight
            if not isinstance(item.value, dict) or weight > 8 * MAX_RECORD:
                problem = item.value.message if isinstance(item.value, Damaged) else "too large"
                raise _other(
                    path,
                    f'it is orient="columns", read up to {MAX_RECORD // MIB} MiB per column, and '
                    f"column {name!r:.80} is {problem}",
                )
            columns[name] = item.value
        text.end()
    for label in dict.fromkeys(label for column in columns.values() for label in column):
        row = {name: column[label] for name, column in columns.items() if label in column}
        record = document(Item(row, 0))
        yield {LABEL: int(label) if _is_number(label) else label, **record}
