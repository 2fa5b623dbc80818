"""Which column holds the axis of an array column: as the source knows, or as a user says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.units import columns_called
from matdata.spectra.one_axis import OneAxis
from matdata.store.nested import is_nested

Table: TypeAlias = "Mapping[str, Sequence[object]]"


def axes_of(table: Table, known: Mapping[str, str], texts: Sequence[str]) -> dict[str, str]:
    """By array column the column that holds its axis.

    Parameters
    ----------
    table
        The dataset's columns.
    known
        Pairs that the source knows, by names of the table.
    texts
        Pairs of the user, ``COLUMN=AXIS``, which win.

    Raises
    ------
    ConfigError
        If a text of the user names no two columns, a column without arrays of numbers, arrays of
        another length than their axis, or a second axis of a column; or if rows with numbers have
        other axes than the first.
    """
    axes = {c: axis for c, axis in known.items() if c in table and axis in table}
    of_user: dict[str, str] = {}
    for text in texts:
        column, axis = pair_of(text, list(table))
        if of_user.setdefault(column, axis) != axis:
            raise ConfigError(
                f"--axis names two axes of {column!r}: {of_user[column]!r} and {axis!r}",
                next_step="name one; training may ask for another (`matdata train --axis`)",
            )
        _require_curves(table, column, axis)
    pairs = {**axes, **of_user}
    for column, axis in pairs.items():
        _require_one_axis(table, column, axis)
    return pairs


def pair_of(text: str, names: Sequence[str], beside: Sequence[str] = ()) -> tuple[str, str]:
    """The column and its axis that a text ``COLUMN=AXIS`` names; names may hold the mark, and the
    unit at their end may be left out.

    `beside` are columns of ``--spectra``, which the error names as well.

    Raises
    ------
    ConfigError
        If it names no two of the columns.
    """
    marks = [place for place, letter in enumerate(text) if letter == "="]
    pairs = [(text[:place], text[place + 1 :]) for place in marks]
    for pair in pairs:
        columns, axes = (columns_called(name, names) for name in pair)
        if len(columns) == len(axes) == 1 and columns != axes:
            return columns[0], axes[0]
    wrong = [name for pair in pairs[:1] for name in pair if not columns_called(name, names)]
    near = did_you_mean(wrong[0], [*names, *beside]) if wrong else ""
    spectra = f"; of --spectra: {', '.join(beside)}" if beside else ""
    raise ConfigError(
        f"--axis {text!r} names no two columns{near}",
        next_step=f"write COLUMN=AXIS; columns: {', '.join(names)}{spectra}",
    )


def _require_curves(table: Table, column: str, axis: str) -> None:
    """Check that both columns hold arrays of numbers, as many of the axis as of the column."""
    for name in (column, axis):
        if not any(map(_is_array, table[name])):
            arrays = [other for other, cells in table.items() if any(map(_is_array, cells))]
            raise ConfigError(
                f"--axis '{column}={axis}': {name!r} holds no arrays of numbers",
                next_step=f"array columns: {', '.join(arrays) or 'none'}",
            )
    rows = zip(table["material_id"], table[column], table[axis], strict=True)
    for identity, values, points in rows:
        n, n_points = _length(values), _length(points)
        if None not in (n, n_points) and n != n_points:
            raise ConfigError(
                f"--axis '{column}={axis}': {identity} has {n} numbers of {column!r} and "
                f"{n_points} of {axis!r}",
                next_step="name a column with one point per number",
            )


def _require_one_axis(table: Table, column: str, axis: str) -> None:
    """Check that all rows with numbers of a column have the same axis."""
    seen = OneAxis(axis)
    rows = zip(table["material_id"], table[column], table[axis], strict=True)
    for identity, values, points in rows:
        if _is_array(values) and _is_array(points):
            seen.see(cast("Sequence[float | None]", points), str(identity))
    seen.require_one(f"--grid START:STOP:N --axis '{column}={axis}'")


def _length(cell: object) -> int | None:
    """Number of numbers of an array; None for any other cell."""
    return len(cell) if isinstance(cell, (list, tuple)) and not is_nested(cell) else None


def _is_array(cell: object) -> bool:
    return _length(cell) is not None
