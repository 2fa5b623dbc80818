"""Cells of a column, and the one kind that the column gets from all of them."""

from __future__ import annotations

import itertools
import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matdata.core.documents import JsonObject
from matdata.store.nested import Kind, MixedKinds, common_kind, json_text, kind_of

MAX_INT = 2**63 - 1
WORDS = {bool: "bool", int: "int", float: "float", str: "text"}
_PLAIN = {float, int, bool}
_NOTHING = type(None)
#: Kinds that a column settles in; others are ``list of …``.
NOTHING, INT, FLOAT, BOOL, TEXT = "nothing", "int", "float", "bool", "text"
NUMBERS, RECORDS, JSON = "list of float", "records", "JSON"
HOLLOW = "list of empty lists"
_EMPTY = "empty list"  # of a cell: it fits lists of any kind, and is one of numbers by itself
#: Kinds of columns that hold numbers, or arrays of them.
NUMERIC = frozenset({INT, FLOAT, NUMBERS, "list of NoneType"})


#: Kinds that one Arrow type holds.
_FLAT = frozenset({NOTHING, INT, FLOAT, BOOL, TEXT, NUMBERS, JSON})


def is_flat(kind: str) -> bool:
    """Whether a kind is no list of anything but numbers, and no record."""
    return kind in _FLAT


class ColumnKind:
    """What the cells of a column are, learnt piece by piece; the order of pieces does not matter.

    Numbers become floats where one of them is a float or exceeds 64 bits; cells of one other kind
    stay as they are. A column of numbers and text, or of lists of several kinds, becomes text.
    Records, and lists of them, stay as they are where all are of one kind, else they are JSON
    texts.
    """

    def __init__(self) -> None:
        self._words: set[str] = set()
        self._has_records = self._is_mixed = self._exceeds_int64 = self._is_hollow = False
        self._common: Kind = None

    def add(self, cells: Sequence[Any]) -> None:
        """Learn from clean cells (`clean_cells`)."""
        types = set(map(type, cells)) - {_NOTHING}
        if not types <= WORDS.keys():
            self._add_odd(cells)
            return
        for one in types:
            self.add_word(WORDS[one])
        if int in types:
            self._add_sizes(cells)

    def add_word(self, word: str) -> None:
        """Learn that there are cells of one of the kinds without records."""
        self._words.add(word)
        flat = {BOOL: "truth", INT: "number", FLOAT: "number", TEXT: "text"}
        self._merge([flat.get(word, ("list", "number"))])

    def _add_odd(self, cells: Sequence[Any]) -> None:
        """Learn from cells among which there are lists or records."""
        self._has_records |= any(map(_has_records, cells))
        self._words |= {_word(cell) for cell in cells if cell is not None}
        self._is_hollow |= any(map(_is_hollow, cells))
        self._merge(map(kind_of, cells))
        self._add_sizes(cells)

    def _add_sizes(self, cells: Sequence[Any]) -> None:
        """Learn whether a whole number takes more than 64 bits."""
        sizes = [cell for cell in cells if type(cell) is int]
        if sizes and (max(sizes) > MAX_INT or min(sizes) < -MAX_INT):
            self._exceeds_int64 = True

    def _merge(self, kinds: Iterable[Kind]) -> None:
        try:
            self._common = common_kind(itertools.chain([self._common], kinds))
        except MixedKinds:
            self._is_mixed = True

    @property
    def settled(self) -> str:
        """The kind: `NOTHING` where no cell has a value."""
        if self._has_records:
            return JSON if self._is_mixed else RECORDS
        words = self._words - {_EMPTY}
        if words < self._words and not (words and all(one.startswith("list") for one in words)):
            words |= {NUMBERS}
        if not words:
            return NOTHING
        if words <= {INT, FLOAT}:
            return FLOAT if self._exceeds_int64 or FLOAT in words else INT
        if self._is_hollow and words == {NUMBERS}:
            return HOLLOW
        single = len(words) == 1 and not words & {TEXT, "mixed"}
        return next(iter(words)) if single else TEXT


def as_kind(cells: Sequence[Any], kind: str) -> list[Any]:
    """Clean cells of a column in the kind that the whole column settled in."""
    if kind == JSON:
        return [v if v is None or isinstance(v, str) else json_text(v) for v in cells]
    if kind == FLOAT:
        return [None if v is None else float(v) for v in cells]
    if kind == TEXT:
        return [None if v is None else str(v) for v in cells]
    return list(cells)


def clean_column(values: Sequence[object]) -> list[Any]:
    """Give a column one kind (`ColumnKind`); None where a value is missing (`clean_cells`)."""
    cells = clean_cells(values)
    kind = ColumnKind()
    kind.add(cells)
    return as_kind(cells, kind.settled)


def clean_cells(values: Sequence[object]) -> list[Any]:
    """Cells as plain Python values, None where missing.

    NaN, infinities and empty text are missing, and so is a list of numbers that holds one of them.
    Numbers in lists and records are floats.
    """
    types = set(map(type, values)) - {_NOTHING}
    if types <= {int, bool}:
        return list(values)
    if types == {str}:
        return [v if v and not v.isspace() else None for v in values]  # type: ignore[attr-defined]
    if types == {float}:
        return [v if v is not None and math.isfinite(v) else None for v in values]  # type: ignore[arg-type]
    return [_cell(value) for value in values]


def _cell(value: object) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, numbers.Real) and not isinstance(value, (bool, int)):
        return float(value) if math.isfinite(float(value)) else None
    if isinstance(value, (list, tuple)):
        return _numbers(value)
    return _record(value) if isinstance(value, dict) else value


def _has_records(value: object) -> bool:
    if isinstance(value, list):
        return not _PLAIN.issuperset(map(type, value)) and any(map(_has_records, value))
    return isinstance(value, dict)


def _record(value: Mapping[object, object]) -> JsonObject:
    """A record with numbers as floats; one that is not finite is missing."""
    return {str(name): _inner(item) for name, item in value.items()}


def _inner(item: object) -> Any:
    if isinstance(item, (int, float)) and not isinstance(item, bool):
        return float(item) if math.isfinite(item) else None
    if isinstance(item, (list, tuple)):
        return _numbers(item)
    return _record(item) if isinstance(item, dict) else item


def _numbers(values: Sequence[Any]) -> list[Any] | None:
    """A list with numbers as floats, also in lists within it; None if one is not finite."""
    if set(map(type, values)) <= _PLAIN:
        plain = list(map(float, values))
        return plain if all(map(math.isfinite, plain)) else None
    floats = []
    for item in values:
        inner = _numbers(item) if isinstance(item, (list, tuple)) else item
        inner = _record(inner) if isinstance(inner, dict) else inner
        if isinstance(inner, (int, float)):
            inner = float(inner)
            if not math.isfinite(inner):
                return None
        elif inner is None and item is not None:
            return None
        floats.append(inner)
    return floats


def _word(value: object) -> str:
    for one in (bool, int, float):
        if isinstance(value, one):
            return WORDS[one]
    if not isinstance(value, list):
        return TEXT
    leaves = _leaves(value)
    return leaves.pop() if len(leaves) == 1 else "mixed" if leaves else _EMPTY


def _is_hollow(value: object) -> bool:
    """Whether a cell is a list of lists, none of which holds anything."""
    if not isinstance(value, list) or list not in set(map(type, value)):
        return False
    return not _leaves(value)


def _leaves(values: Sequence[object]) -> set[str]:
    """Types of the entries of a list, with their nesting."""
    types = set(map(type, values))
    if list not in types:
        return {f"list of {one.__name__}" for one in types}
    inner = (_leaves(item) if isinstance(item, list) else {type(item).__name__} for item in values)
    return {f"list of {kind}" for kinds in inner for kind in kinds}
