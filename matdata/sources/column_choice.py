"""The column that a user names, with or without its unit."""

from __future__ import annotations

from collections.abc import Sequence

from matdata.core.errors import SourceError, did_you_mean
from matdata.core.units import columns_called

SHOWN = 40  # columns that a message lists


def require_column(name: str, columns: Sequence[str], source: str) -> str:
    """The column of this name, or the only one of this name before its unit (``gap (eV)``).

    Raises
    ------
    SourceError
        If there is none, or several in different units; lists the columns.
    """
    matching = columns_called(name, columns)
    if len(matching) > 1:
        raise SourceError(
            f"{source}: {name!r} is {' and '.join(map(repr, matching))}",
            next_step=f"name one of them with its unit: {matching[0]!r}",
        )
    if not matching:
        raise SourceError(
            f"{source}: no column {name!r}{did_you_mean(name, columns)}",
            next_step=f"available columns: {listed(columns)}",
        )
    return matching[0]


def listed(columns: Sequence[str]) -> str:
    """Names of columns for a message, the first where there are many."""
    more = f", … ({len(columns):,} in all)" if len(columns) > SHOWN else ""
    return ", ".join(columns[:SHOWN]) + more
