"""Expressions over the columns of a table: what is learnt, and what a filter keeps.

`parse_expression` reads ``log10(k_vrh)``, ``energy / n_sites`` or ``band_gap > 0 and not is_metal``
by a small grammar (`matdata.core.expressions.grammar`); nothing of it is ever run as code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.expressions.grammar import fail, parse
from matdata.core.expressions.nodes import Name, Node, names_in, renamed, text_of
from matdata.core.expressions.units import unit_of
from matdata.core.units import columns_called

if TYPE_CHECKING:
    from matdata.core.expressions.values import Values

#: Why a target is missing although its columns are there: code of counts and ledgers.
TARGET_DOMAIN = "target_domain"
_OPERATORS = re.compile(r"[<>=!&|*+^]|\b(and|or|not)\b|\bin\s*\(", re.IGNORECASE)


class Cells(NamedTuple):
    """What an expression is, row by row.

    Attributes
    ----------
    cells
        One a row: a number, a list of numbers, a text or a truth value; None where it is missing.
    outside
        Where it is missing since a value lies outside the domain of a function.
    """

    cells: list[Any]
    outside: list[bool]


@dataclass(frozen=True)
class Expression:
    """An expression whose names are columns of a table.

    Attributes
    ----------
    tree
        Its parts.
    given
        The text as it was written, which messages point into.
    """

    tree: Node
    given: str

    @property
    def name(self) -> str:
        """The column itself if it is one alone, else the expression in its normal form."""
        return self.tree.name if isinstance(self.tree, Name) else text_of(self.tree)

    @property
    def is_column(self) -> bool:
        """Whether it is one column alone."""
        return isinstance(self.tree, Name)

    def columns(self) -> tuple[str, ...]:
        """The columns that it reads, each once."""
        return tuple(dict.fromkeys(name.name for name in names_in(self.tree)))

    def unit(self, units: Mapping[str, str]) -> str:
        """Its unit from those of the columns, ``1`` where it has none.

        Raises
        ------
        ConfigError
            If quantities of different units are added, subtracted or compared.
        """
        return unit_of(self.tree, units, self.given)

    def values(self, columns: Mapping[str, Sequence[object]], rows: Sequence[int]) -> Values:
        """Its values for some rows of a table; cells of no other row are looked at.

        Raises
        ------
        ConfigError
            If a column holds values of a kind that an operator does not take.
        """
        from matdata.core.expressions.values import values_of

        return values_of(self.tree, columns, rows, self.given)

    def cells(self, columns: Mapping[str, Sequence[object]], rows: Sequence[int]) -> Cells:
        """Its cells for some rows; those of a column alone as they are.

        Raises
        ------
        ConfigError
            If a column holds values of a kind that an operator does not take.
        """
        if isinstance(self.tree, Name):
            column = columns[self.tree.name]
            return Cells([column[row] for row in rows], [False] * len(rows))
        results = self.values(columns, rows)
        return Cells(results.cells(), results.outside.tolist())

    def holds(self, columns: Mapping[str, Sequence[object]], rows: Sequence[int]) -> list[bool]:
        """Whether a condition is known to be true, row by row: a missing value is not.

        Raises
        ------
        ConfigError
            If it is no condition, or a column holds values of a kind that an operator does not
            take.
        """
        from matdata.core.expressions.values import CALLED

        results = self.values(columns, rows)
        if results.kind is not None and results.kind != "truth":
            fail(
                self.given,
                0,
                f"a filter is true or false, and {self.name} is {CALLED[results.kind]}",
                "compare it with something, such as `band_gap > 0`",
            )
        return [cell is True for cell in results.cells()]


def parse_expression(text: str, known: Iterable[str], owner: str = "the table") -> Expression:
    """Read an expression over the columns of a table.

    A text that is the exact name of a column is that column, whatever it looks like; within
    expressions such names stand in backticks. A column whose header has a unit is also known
    without it: ``gap`` is ``gap (eV)``, which `Expression.name` then says.

    Parameters
    ----------
    text
        A column or an expression.
    known
        Names of the columns.
    owner
        Whose columns they are, for messages.

    Raises
    ------
    ConfigError
        If it is no expression, a name is no column, or it could mean a column as well.
    """
    columns = list(known)
    if text in columns:
        return Expression(Name(text), text)
    tree = _parsed(text, columns)
    alone = isinstance(tree, Name)
    called = {one.name: _column_called(one, columns, owner, text, alone) for one in names_in(tree)}
    if not called:
        fail(text, 0, "it names no column")
    matching = [] if alone else columns_called(text_of(tree), columns)
    if matching:
        raise ConfigError(
            f"{text!r} can be read in two ways: as an expression, and as the column "
            f"{matching[0]!r}",
            next_step=f"write the column exactly as it is called, or the expression otherwise "
            f"than {text_of(tree)!r}",
        )
    return Expression(renamed(tree, called), text)


def _parsed(text: str, columns: Sequence[str]) -> Node:
    """The tree of a text; one that is no expression may be a column before its unit."""
    try:
        return parse(text)
    except ConfigError as error:
        if columns_called(text, columns):
            return Name(text)
        if not text.strip() or _OPERATORS.search(text):
            raise  # an expression that is not whole: no column was meant
        near = did_you_mean(text, columns)
        raise ConfigError(
            error.what, cause=f"no column is called that{near}", next_step=error.next_step
        ) from None


def _column_called(name: Name, columns: Sequence[str], owner: str, text: str, alone: bool) -> str:
    """The column that a name of an expression means, with its unit where its header has one."""
    matching = columns_called(name.name, columns)
    if len(matching) == 1:
        return matching[0]
    where = "" if alone else f", character {name.at + 1} of {text!r}"
    if matching:
        raise ConfigError(
            f"{owner}: {name.name!r} is {' and '.join(map(repr, matching))}{where}",
            next_step=f"name one of them with its unit, in backticks within an expression: "
            f"`{matching[0]}`",
        )
    raise ConfigError(
        f"{owner} has no column {name.name!r}{where}{did_you_mean(name.name, columns)}",
        next_step=f"columns: {', '.join(columns) or 'none'}",
    )
