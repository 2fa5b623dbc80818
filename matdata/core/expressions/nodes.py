"""What an expression is made of, and its text in one normal form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

FunctionName: TypeAlias = Literal["log10", "ln", "sqrt", "abs"]
FUNCTIONS: tuple[FunctionName, ...] = ("log10", "ln", "sqrt", "abs")
KEYWORDS = ("and", "or", "not", "in", "true", "false")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


@dataclass(frozen=True)
class Name:
    """A column; `at` is its place in the text, for messages."""

    name: str
    at: int = 0


@dataclass(frozen=True)
class Constant:
    """A number, a text, or true or false."""

    value: float | str | bool


@dataclass(frozen=True)
class Call:
    """A function of one argument."""

    function: FunctionName
    argument: Node
    at: int = 0


@dataclass(frozen=True)
class Member:
    """``x in (a, b, …)``."""

    argument: Node
    choices: tuple[Constant, ...]
    at: int = 0


@dataclass(frozen=True)
class _Unary:
    argument: Node
    at: int = 0


@dataclass(frozen=True)
class _Binary:
    operator: str
    left: Node
    right: Node
    at: int = 0


class Negative(_Unary):
    """``-x``."""


class Not(_Unary):
    """``not x``."""


class Arithmetic(_Binary):
    """``+``, ``-``, ``*`` or ``/`` of two numbers."""


class Comparison(_Binary):
    """One of `COMPARISONS`."""


class Logic(_Binary):
    """``and`` or ``or``."""


Node: TypeAlias = Name | Constant | Call | Negative | Arithmetic | Comparison | Member | Not | Logic
#: How tightly an operator binds; a comparison holds sums, `not` holds comparisons.
_BINDING = {"or": 1, "and": 2, "+": 5, "-": 5, "*": 6, "/": 6}
_NOT, _COMPARISON, _NEGATIVE, _ATOM = 3, 4, 7, 8


def names_in(node: Node) -> Iterator[Name]:
    """The columns that an expression reads, from left to right, repeated ones too."""
    if isinstance(node, Name):
        yield node
    elif isinstance(node, (Call, Negative, Not, Member)):
        yield from names_in(node.argument)
    elif isinstance(node, (Arithmetic, Comparison, Logic)):
        yield from names_in(node.left)
        yield from names_in(node.right)


def renamed(node: Node, names: Mapping[str, str]) -> Node:
    """The same expression over columns of other names; those that are not given stay."""
    if isinstance(node, Name):
        return replace(node, name=names.get(node.name, node.name))
    if isinstance(node, (Call, Negative, Not, Member)):
        return replace(node, argument=renamed(node.argument, names))
    if isinstance(node, (Arithmetic, Comparison, Logic)):
        return replace(node, left=renamed(node.left, names), right=renamed(node.right, names))
    return node


def is_word(name: str) -> bool:
    """Whether a column's name needs no backticks."""
    plain = name.replace(".", "")
    starts = name[:1].isalpha() or name[:1] == "_"
    return starts and all(c.isalnum() or c == "_" for c in plain) and name not in KEYWORDS


def text_of(node: Node) -> str:
    """The expression in its normal form: equal expressions, however spaced, have one text."""
    if isinstance(node, Name):
        return node.name if is_word(node.name) else f"`{node.name.replace('`', '``')}`"
    if isinstance(node, Constant):
        return _literal(node.value)
    if isinstance(node, Call):
        return f"{node.function}({text_of(node.argument)})"
    if isinstance(node, Negative):
        return f"-{_inside(node.argument, _NEGATIVE)}"
    if isinstance(node, Not):
        return f"not {_inside(node.argument, _NOT)}"
    if isinstance(node, Member):
        choices = ", ".join(text_of(choice) for choice in node.choices)
        return f"{_inside(node.argument, _COMPARISON + 1)} in ({choices})"
    binding = _binding(node)
    left = binding + 1 if isinstance(node, Comparison) else binding
    return f"{_inside(node.left, left)} {node.operator} {_inside(node.right, binding + 1)}"


def _literal(value: float | str | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        quote = "'" if '"' in value else '"'
        return f"{quote}{value}{quote}"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _binding(node: Node) -> int:
    if isinstance(node, (Arithmetic, Logic)):
        return _BINDING[node.operator]
    kinds: tuple[tuple[type | tuple[type, ...], int], ...] = (
        ((Comparison, Member), _COMPARISON),
        (Not, _NOT),
        (Negative, _NEGATIVE),
    )
    return next((binding for kind, binding in kinds if isinstance(node, kind)), _ATOM)


def _inside(node: Node, at_least: int) -> str:
    text = text_of(node)
    return text if _binding(node) >= at_least else f"({text})"
