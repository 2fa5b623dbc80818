"""Columns of nested cells as they are read: all cells of one column are of one kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matdata.store.nested import Kind, MixedKinds, common_kind, described, is_nested, kind_of


class NestedColumns:
    """The kinds of columns so far; a record that does not fit them is refused.

    Records are looked at in their order, whatever chunk is read, so what is refused depends on the
    input alone.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, Kind] = {}
        self._plain: set[str] = set()

    def problem(self, values: Mapping[str, Any]) -> str | None:
        """What is wrong with the nested values of a record; None if they fit and are counted in."""
        kinds: dict[str, Kind] = {}
        for name, value in values.items():
            if value is None:
                continue
            try:
                if is_nested(value):
                    kinds[name] = self._fitting(name, value)
                elif name in self._kinds:
                    raise MixedKinds(
                        f"{described(self._kinds[name])} and {described(kind_of(value))}"
                    )
            except MixedKinds as error:
                return f"column {name!r} holds {error}; a column of lists or records is of one kind"
        self._kinds |= kinds
        self._plain.update(k for k, v in values.items() if v is not None and k not in kinds)
        return None

    def _fitting(self, name: str, value: Any) -> Kind:
        kind = kind_of(value)
        if name in self._plain:
            raise MixedKinds(f"values of its own and {described(kind)}")
        return common_kind([self._kinds.get(name), kind])
