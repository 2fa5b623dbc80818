"""Nested cells: lists of texts or of records, such as the precursors of a reaction.

A cell of numbers, a text or a truth value is none of these; a list of numbers is an array.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeAlias

#: What a cell holds: a word, ``("list", kind)``, ``("record", {name: kind})``; None if unknown.
Kind: TypeAlias = "str | tuple[str, Any] | None"
MAX_NESTING = 16
_NOTHING = type(None)
CALLED = {"number": "numbers", "text": "text", "truth": "true and false"}


class MixedKinds(ValueError):
    """Two cells, or two items of one, are of different kinds."""


def is_nested(value: object) -> bool:
    """Whether a cell is a record, or a list of anything but numbers."""
    if isinstance(value, dict):
        return True
    if not isinstance(value, (list, tuple)):
        return False
    types = set(map(type, value)) - {_NOTHING}  # of an array, one of all its numbers
    return not all(issubclass(one, (int, float)) for one in types)


def kind_of(value: object, depth: int = 0) -> Kind:
    """The kind of a cell.

    Raises
    ------
    MixedKinds
        If a list holds items of several kinds, a record has no values, or it is too deep.
    """
    if depth > MAX_NESTING:
        raise MixedKinds(f"lists and records deeper than {MAX_NESTING} levels")
    if value is None:
        return None
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, (list, tuple)):
        if value and set(map(type, value)) <= {float, int}:
            return "list", "number"
        return "list", common_kind(kind_of(item, depth + 1) for item in value)
    if isinstance(value, dict):
        if not value:
            raise MixedKinds("a record without values")
        return "record", {str(name): kind_of(item, depth + 1) for name, item in value.items()}
    return "text"


def common_kind(kinds: Iterable[Kind]) -> Kind:
    """The one kind of all: records have the names of any of them.

    Raises
    ------
    MixedKinds
        If there is none.
    """
    common: Kind = None
    for kind in kinds:
        common = _merged(common, kind)
    return common


def _merged(one: Kind, other: Kind) -> Kind:
    if one is None or other is None or one == other:
        return one if other is None else other
    if isinstance(one, tuple) and isinstance(other, tuple) and one[0] == other[0]:
        if one[0] == "list":
            return "list", _merged(one[1], other[1])
        names = dict.fromkeys([*one[1], *other[1]])
        return "record", {name: _merged(one[1].get(name), other[1].get(name)) for name in names}
    raise MixedKinds(f"{described(one)} and {described(other)}")


def described(kind: Kind) -> str:
    """A kind for a message."""
    if isinstance(kind, tuple):
        inner = f" of {described(kind[1])}" if kind[0] == "list" and kind[1] is not None else ""
        return f"{kind[0]}s{inner}"
    return CALLED.get(kind or "", "nothing")


def json_text(value: object) -> str:
    """A nested cell as JSON, for formats whose cells are texts."""
    return json.dumps(value, ensure_ascii=False)
