"""The column that a user names, with or without its unit."""

from __future__ import annotations

from collections.abc import Sequence

from matdata.core.errors import SourceError, did_you_mean
from matdata.core.units import without_unit

SHOWN = 40  # columns that a message lists


def require_column(name: str, columns: Sequence[str], source: str) -> str:
    """The column of this name, or the only one of this name before its unit (``gap (eV)``).

    Raises
    ------
    SourceError
        If there is none, or several in different units; lists the columns.
    """
    if name in columns:
        return name
    in_units = [column for column in columns if without_unit(column) == name]
    if len(in_units) > 1:
        raise SourceError(
            f"{source}: {name!r} is {' and '.join(map(repr, in_units))}",
            next_step=f"name one of them with its unit: {in_units[0]!r}",
        )
    if not in_units:
        raise SourceError(
            f"{source}: no column {name!r}{did_you_mean(name, columns)}",
            next_step=f"available columns: {listed(columns)}",
        )
    return in_units[0]


def listed(columns: Sequence[str]) -> str:
    """Names of columns for a message, the first where there are many."""
    more = f", … ({len(columns):,} in all)" if len(columns) > SHOWN else ""
    return ", ".join(columns[:SHOWN]) + more
