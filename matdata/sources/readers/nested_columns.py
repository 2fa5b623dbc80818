"""Columns of nested cells as they are read: all cells of one column are of one kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from matdata.core.documents import JsonMapping
from matdata.sources.readers.base import is_structure_dict
from matdata.store.nested import Kind, MixedKinds, common_kind, described, is_nested, kind_of

PLAIN = "values"
_SCALARS = frozenset((int, float, str, bool))


class NestedColumns:
    """Which columns hold lists of texts, or records; a record that does not fit is refused.

    What most of the first records hold decides, so that one broken record does not decide about
    all others. What is refused depends on the input alone. Another structure
    than that of the record is left alone.

    Parameters
    ----------
    first
        Values by column of the first records.
    """

    def __init__(self, first: Iterable[JsonMapping]) -> None:
        cells: dict[str, list[tuple[str, Kind]]] = {}
        for values in first:
            for name, value in values.items():
                if (kind := _kind(value)) is not None:
                    cells.setdefault(name, []).append(kind)
        self._kinds = {name: _most(kinds) for name, kinds in cells.items()}

    def problem(self, values: JsonMapping) -> str | None:
        """What is wrong with the nested values of a record; None if they fit."""
        for name, value in values.items():
            if type(value) in _SCALARS and self._kinds.get(name) is PLAIN:
                continue  # nearly all cells of wide tables
            if value is None or is_structure_dict(value):
                continue
            try:
                self._check(name, value)
            except MixedKinds as error:
                return f"column {name!r} holds {error}; a column of lists or records is of one kind"
        return None

    def _check(self, name: str, value: object) -> None:
        nested = is_nested(value)
        own = kind_of(value) if nested else None
        kind = self._kinds.setdefault(name, own if nested else PLAIN)
        if (kind == PLAIN) is nested:
            other = "values of its own" if kind == PLAIN else described(kind)
            raise MixedKinds(f"{other} and {described(kind_of(value))}")
        if nested:
            self._kinds[name] = common_kind([kind, own])


def _kind(value: object) -> tuple[str, Kind] | None:
    """The kind of a cell, with a word for it; None where it is missing or of no kind."""
    if value is None or is_structure_dict(value):
        return None
    if not is_nested(value):
        return PLAIN, PLAIN
    try:
        kind = kind_of(value)
    except MixedKinds:
        return None
    return described(kind), kind


def _most(kinds: list[tuple[str, Kind]]) -> Kind:
    """The kind that most cells have; of kinds that are as frequent, the first."""
    ((word, _),) = Counter(word for word, _ in kinds).most_common(1)
    return common_kind(_compatible([kind for own, kind in kinds if own == word]))


def _compatible(kinds: list[Kind]) -> Iterable[Kind]:
    """The first kind and those that can be merged with it."""
    merged: Kind = None
    for kind in kinds:
        try:
            merged = common_kind([merged, kind])
        except MixedKinds:
            continue
    return [merged]
