"""Reactions in any form that users have, as the cells that features of reactions read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matdata.core.crystals import as_ids
from matdata.core.documents import JsonMapping
from matdata.core.errors import SourceError, StructureError, did_you_mean
from matdata.core.ledger import Reject, Unusable
from matdata.core.table_rows import TableRows
from matdata.features.base import Featurizer
from matdata.features.reaction import OPERATION_COLUMN, PRECURSORS
from matdata.materials.cells import plain
from matdata.materials.columns import Named
from matdata.materials.items import is_pandas, is_stored
from matdata.materials.reaction_text import (
    GRAMMAR,
    ReactionText,
    parse_operations,
    parse_reaction,
)
from matdata.sources.readers.base import DAMAGED, is_missing
from matdata.sources.readers.json_text import Damaged, decode
from matdata.sources.readers.opening import plain_suffix
from matdata.sources.readers.records import read_records
from matdata.sources.roles import ID_NAMES

REACTION = "reaction"
COLUMNS = (PRECURSORS, OPERATION_COLUMN)
SUFFIXES = (".csv", ".json", ".jsonl", ".ndjson", ".parquet")
EXPECTED = (
    f"expected reactions as text ({GRAMMAR}), records with `{PRECURSORS}` and "
    f"`{OPERATION_COLUMN}`, materials of a dataset of reactions, paths of tables, or a table"
)
#: Columns of files that stay text.
TEXTS = frozenset((REACTION, *COLUMNS))


@dataclass(frozen=True, eq=False)
class Reactions(Named):
    """The user's reactions, in their order.

    Attributes
    ----------
    names
        Name of each: its key, its id, or its text.
    table
        Cells of `COLUMNS` of those that can be read; ids are places.
    rejects
        Those that cannot be read; ids are places.
    """

    names: tuple[str, ...]
    table: TableRows
    rejects: tuple[Reject, ...] = ()

    def for_inputs(self, structures: bool, what: str) -> tuple[TableRows, list[Reject]]:
        """The cells, and the rejects; arguments as of `Materials.for_inputs`.

        Raises
        ------
        StructureError
            If no reaction can be read; lists the first reasons.
        """
        del structures, what
        self.require_one(f"write reactions such as {GRAMMAR}")
        return self.table, list(self.rejects)


def reads_reactions(featurizers: Iterable[Featurizer]) -> bool:
    """Whether all that features read are the columns of a reaction."""
    made = list(featurizers)
    return bool(made) and all(
        one.requires == {"columns"} and set(one.columns()) <= set(COLUMNS) for one in made
    )


def read_reactions(given: object) -> Reactions:
    """Read reactions in any form; one that cannot be read is rejected with its reason.

    Parameters
    ----------
    given
        Texts (`matdata.materials.reaction_text`), records or materials of a dataset with
        `precursors` and `operations`, paths of tables with a column `reaction`, or `precursors`
        and `operations`; one or several, in a list, a mapping of names, a series, or a table of
        pandas.

    Raises
    ------
    StructureError
        If the input is no collection of reactions at all.
    """
    reading = _Reading()
    for name, value in _items(given):
        reading.add(name, value)
    return reading.result()


def reaction_or_path(text: str) -> ReactionText | Path:
    """The meaning of a text: a reaction, else an existing file.

    Raises
    ------
    Unusable
        If it is neither.
    """
    try:
        return parse_reaction(text)
    except Unusable as error:
        if os.path.exists(text):
            return Path(text)
        like_path = Path(text[-60:]).suffix in SUFFIXES
        no_file = f"there is no file {text[-60:]!r}, and " if like_path else ""
        raise Unusable(error.reason, f"{no_file}{error}") from None


class _Reading:
    """Accumulates reactions as they are read."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.cells: dict[int, JsonMapping] = {}
        self.rejects: list[Reject] = []

    def add(self, name: str | None, value: object) -> None:
        """Read one item, which may be a path with many reactions."""
        try:
            meaning = reaction_or_path(value) if isinstance(value, str) else value
            if isinstance(meaning, Path):
                self._add_file(meaning)
                return
        except Unusable as error:
            self._reject(name or _name_of(value, len(self.names)), error)
            return
        self._add_record(name or _name_of(value, len(self.names)), meaning)

    def _add_record(self, name: str, value: object) -> None:
        try:
            cells = _cells_of(value)
        except Unusable as error:
            self._reject(name, error)
            return
        self.cells[len(self.names)] = cells
        self.names.append(name)

    def _add_file(self, path: Path) -> None:
        """Add all rows of a table, under their ids there."""
        suffix = plain_suffix(path)
        if suffix not in SUFFIXES or path.is_dir():
            message = f"{path} is no table of reactions ({', '.join(SUFFIXES)})"
            self._reject(str(path), Unusable("unreadable", message))
            return
        try:
            for number, record in enumerate(read_records(path, TEXTS), start=1):
                identity = _id_of(record)
                text = record.get(REACTION)
                own = text if isinstance(text, str) and text.strip() else f"{path.name}:{number}"
                self._add_record(own if identity is None else identity, record)
        except SourceError as error:
            self._reject(str(path), Unusable("unreadable", error.what))

    def _reject(self, name: str, error: Unusable) -> None:
        self.rejects.append(Reject(str(len(self.names)), "source", error.reason, str(error)))
        self.names.append(name)

    def result(self) -> Reactions:
        columns = {name: [cells.get(name) for cells in self.cells.values()] for name in COLUMNS}
        table = TableRows(as_ids([str(place) for place in self.cells]), columns)
        return Reactions(tuple(self.names), table, tuple(self.rejects))


def _items(given: Any) -> Iterator[tuple[str | None, object]]:
    """Names and values of what is given; a single reaction is one item."""
    if isinstance(given, (str, Path, ReactionText)) or is_stored(given) or _is_record(given):
        yield None, given
    elif is_pandas(given, "DataFrame"):
        rows = given.to_dict("records")
        for label, row in zip(given.index.tolist(), rows, strict=True):
            yield _id_of(row) or str(label), row
    elif is_pandas(given, "Series") or isinstance(given, Mapping):
        yield from ((str(name), value) for name, value in given.items())
    else:
        try:
            values = iter(given)
        except TypeError:
            raise _unknown(given) from None
        yield from ((None, value) for value in values)


def _is_record(value: object) -> bool:
    return isinstance(value, Mapping) and (PRECURSORS in value or REACTION in value)


def _unknown(value: object) -> StructureError:
    return StructureError(
        f"{EXPECTED}, got {type(value).__name__}", next_step="give one of these, or several"
    )


def _id_of(record: Mapping[str, object]) -> str | None:
    for name, value in record.items():
        if isinstance(name, str) and name.lower().strip() in ID_NAMES and not is_missing(value):
            return str(value)
    return None


def _name_of(value: object, place: int) -> str:
    if is_stored(value):
        return str(value.id)  # type: ignore[attr-defined]
    if isinstance(value, Mapping):
        identity = _id_of(value)
        return str(place) if identity is None else identity
    return value if isinstance(value, str) else str(place)


def _cells_of(value: object) -> JsonMapping:
    """Cells of one reaction.

    Raises
    ------
    Unusable
        If it is none.
    """
    if isinstance(value, ReactionText):
        return value.cells()
    if isinstance(value, str):
        return parse_reaction(value).cells()
    record = value.columns if is_stored(value) else value  # type: ignore[attr-defined]
    if not isinstance(record, Mapping):
        raise Unusable("unreadable", _unknown(value).what)
    if DAMAGED in record:
        raise Unusable("unreadable", str(record[DAMAGED]))
    if PRECURSORS in record and not is_missing(record[PRECURSORS]):
        return _of_columns(record)
    text = record.get(REACTION)
    if isinstance(text, str):
        return parse_reaction(text).cells()
    names = [str(name) for name in record]
    raise Unusable(
        "no_precursors",
        f"neither `{REACTION}` nor `{PRECURSORS}` is given{did_you_mean(REACTION, names)}",
    )


def _of_columns(record: Mapping[str, object]) -> JsonMapping:
    """Cells of precursors and operations, each a list or a text."""
    precursors, operations = (_value(name, record.get(name)) for name in COLUMNS)
    if isinstance(precursors, str):
        # the arrow: a single formula in this column is a precursor, not a product
        precursors = parse_reaction(f"{precursors} ->").cells()[PRECURSORS]
    if isinstance(operations, str):
        operations = list(parse_operations(operations))
    cells = zip(COLUMNS, (precursors, operations), strict=True)
    return {name: _listed(name, cell) for name, cell in cells}


def _value(name: str, cell: object) -> object:
    """A cell as a JSON document would hold it; a text that is a JSON list is that list."""
    if is_missing(cell):
        return None
    if isinstance(cell, str):
        value = decode(cell).value if cell.lstrip().startswith("[") else cell
        return cell if isinstance(value, Damaged) else value
    try:
        return plain(cell, name)
    except SourceError as error:
        raise Unusable("unreadable", error.what) from None


def _listed(name: str, cell: object) -> object:
    kind = str if name == OPERATION_COLUMN else Mapping
    if cell is None or (isinstance(cell, list) and all(isinstance(one, kind) for one in cell)):
        return cell
    raise Unusable("unreadable", f"`{name}` holds {cell!r:.60}, no text and no list; {EXPECTED}")
