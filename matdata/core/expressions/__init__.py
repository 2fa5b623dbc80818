"""Expressions over the columns of a table: what is learnt, and what a filter keeps.

`parse_expression` reads ``log10(k_vrh)``, ``energy / n_sites`` or ``band_gap > 0 and not is_metal``
by a small grammar (`matdata.core.expressions.grammar`); nothing of it is ever run as code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.expressions.grammar import fail, parse
from matdata.core.expressions.nodes import Name, Node, names_in, text_of
from matdata.core.expressions.units import unit_of

if TYPE_CHECKING:
    from matdata.core.expressions.values import Values

#: Why a target is missing although its columns are there: code of counts and ledgers.
TARGET_DOMAIN = "target_domain"


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
    expressions such names stand in backticks.

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
    try:
        expression = Expression(parse(text), text)
    except ConfigError as error:
        near = did_you_mean(text, columns)
        raise ConfigError(
            error.what, cause=f"no column is called that{near}", next_step=error.next_step
        ) from None
    for name in names_in(expression.tree):
        if name.name not in columns:
            where = "" if expression.is_column else f", character {name.at + 1} of {text!r}"
            raise ConfigError(
                f"{owner} has no column {name.name!r}{where}{did_you_mean(name.name, columns)}",
                next_step=f"columns: {', '.join(columns) or 'none'}",
            )
    if not expression.columns():
        fail(text, 0, "it names no column")
    if not expression.is_column and expression.name in columns:
        raise ConfigError(
            f"{text!r} can be read in two ways: as an expression, and as the column "
            f"{expression.name!r}",
            next_step=f"write the column exactly as it is called, or the expression otherwise "
            f"than {expression.name!r}",
        )
    return expression
