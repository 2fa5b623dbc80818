"""Which column holds the axis of an array column: as the source knows, or as a user says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from matdata.core.errors import ConfigError, did_you_mean
from matdata.curate.rows import kept_name


def axes_of(
    columns: Iterable[str], known: Mapping[str, str], texts: Sequence[str]
) -> dict[str, str]:
    """By array column the column that holds its axis.

    Parameters
    ----------
    columns
        Those of the dataset's table.
    known
        Pairs that the source knows, by the names that it gives.
    texts
        Pairs of the user, ``COLUMN=AXIS``, which win.

    Raises
    ------
    ConfigError
        If a text of the user names no two columns.
    """
    names = list(columns)
    of_source = {kept_name(column): kept_name(axis) for column, axis in known.items()}
    axes = {c: axis for c, axis in of_source.items() if c in names and axis in names}
    for text in texts:
        column, axis = _pair(text, names)
        axes[column] = axis
    return axes


def _pair(text: str, names: Sequence[str]) -> tuple[str, str]:
    """The two columns of a text; names may hold the mark."""
    marks = [place for place, letter in enumerate(text) if letter == "="]
    pairs = [(text[:place], text[place + 1 :]) for place in marks]
    for column, axis in pairs:
        if column in names and axis in names and column != axis:
            return column, axis
    wrong = [name for pair in pairs[:1] for name in pair if name not in names]
    near = did_you_mean(wrong[0], names) if wrong else ""
    raise ConfigError(
        f"--axis {text!r} names no two columns{near}",
        next_step=f"write COLUMN=AXIS; columns: {', '.join(names)}",
    )
