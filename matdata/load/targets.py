"""Targets as columns of numbers: scalars, several properties, array properties, masks."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int
from matdata.core.errors import ConfigError
from matdata.core.expressions import TARGET_DOMAIN, Expression, parse_expression
from matdata.load.columns import Allocate
from matdata.load.gather import gather_rows
from matdata.store.spectrum_columns import SpectrumColumn
from matdata.store.table_columns import TableColumns

Missing = ("error", "drop", "mask")


@dataclass(frozen=True)
class TargetColumn:
    """One target.

    Attributes
    ----------
    name
        Column of the dataset's table, or an expression over its columns.
    size
        Numbers in it: 1, or the length of an array.
    unit
        Its unit, ``1`` when none is known.
    """

    name: str
    size: int
    unit: str


@dataclass(frozen=True, eq=False)
class Truths:
    """Targets of some materials as the table has them.

    Attributes
    ----------
    columns
        What they are, in their order.
    values : (n, t) float64
        Arrays flattened one after another; 0 where unknown.
    mask : (n, t) bool
        Where a target is known.
    outside : (n, len(columns)) bool
        Where a target is missing since a value lies outside the domain of its expression.
    """

    columns: tuple[TargetColumn, ...]
    values: npt.NDArray[np.float64]
    mask: npt.NDArray[np.bool_]
    outside: npt.NDArray[np.bool_]

    def take(self, rows: Int) -> Truths:
        """Targets of some materials, ascending; of all of them without a copy."""
        if len(rows) == len(self.values):
            return self
        return Truths(self.columns, self.values[rows], self.mask[rows], self.outside[rows])

    def lacking(self) -> npt.NDArray[np.bool_]:
        """Where a number of a target is missing, (n, len(columns))."""
        bounds = np.cumsum([0, *(column.size for column in self.columns)])
        lacking = np.zeros((len(self.mask), len(self.columns)), dtype=bool)
        for place, (start, stop) in enumerate(itertools.pairwise(bounds.tolist())):
            lacking[:, place] = ~self.mask[:, start:stop].all(axis=1)
        return lacking


@dataclass(frozen=True, eq=False)
class Targets:
    """Targets of the materials of a loader as its batches hold them.

    Attributes
    ----------
    columns
        What they are, in their order.
    values : (n, t) float32
        Normalised if the loader has a normalizer; 0 where unknown.
    mask : (n, t) bool
        Where a target is known; where all are, one true value that is seen n x t times.
    """

    columns: tuple[TargetColumn, ...]
    values: npt.NDArray[np.float32]
    mask: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        if not self.all_known and self.mask.all():
            object.__setattr__(self, "mask", all_known(self.mask.shape))

    @property
    def all_known(self) -> bool:
        """Whether the mask holds one value alone, which is true."""
        return self.mask.strides == (0, 0)

    @property
    def bytes(self) -> int:
        """Bytes of values and mask in memory."""
        return self.values.nbytes + (0 if self.all_known else self.mask.nbytes)

    def take(self, rows: Int, allocate: Allocate = np.empty) -> Targets:
        """Targets of some materials, in arrays that `allocate` makes."""
        values = allocate((len(rows), self.values.shape[1]), self.values.dtype)
        gather_rows(self.values, rows, values)
        if self.all_known and len(rows) <= len(self.mask):
            return Targets(self.columns, values, self.mask[: len(rows)])
        if self.all_known:  # drawn more often than there are materials
            return Targets(self.columns, values, all_known(values.shape))
        mask = allocate(values.shape, self.mask.dtype)
        gather_rows(self.mask, rows, mask)
        return Targets(self.columns, values, mask)


def all_known(shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """A mask that is true everywhere, of one byte."""
    return np.broadcast_to(np.True_, shape)


def read_targets(
    table: Mapping[str, Sequence[object]],
    units: Mapping[str, str],
    names: Sequence[str],
    rows: Int,
) -> Truths:
    """Read columns of a table, and expressions over them, as targets.

    Parameters
    ----------
    table
        Columns by name.
    units
        Their units, where they are known.
    names
        Columns or expressions (`matdata.core.expressions`).
    rows
        Rows to read; an expression is evaluated for no other.

    Raises
    ------
    ConfigError
        If there is no such column, it is no expression, it holds text, or its arrays differ in
        length.
    """
    columns, values, masks, outside = [], [], [], []
    for name in names:
        expression = parse_expression(name, table, "the dataset")
        column, is_known, beyond = _values(expression, table, rows)
        unit = expression.unit(units)
        columns.append(TargetColumn(expression.name, column.shape[1], unit))
        values.append(column if is_known.all() else np.where(is_known, column, 0.0))
        masks.append(is_known)
        outside.append(beyond)
    return Truths(
        tuple(columns),
        _side_by_side(values, np.empty((len(rows), 0))),
        _side_by_side(masks, np.empty((len(rows), 0), dtype=bool)),
        np.array(outside, dtype=bool).reshape(len(columns), len(rows)).T,
    )


def _side_by_side(parts: list[npt.NDArray[Any]], none: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Columns of all parts; of arrays of one target, which may be large, without a copy."""
    if len(parts) == 1 and parts[0].shape[1] > 1:
        return parts[0].astype(none.dtype, copy=False)
    return np.concatenate([none, *parts], 1)


def _values(
    expression: Expression, table: Mapping[str, Sequence[object]], rows: Int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], list[bool]]:
    """Values (k, size) of an expression, where they are known, and where outside its domain."""
    if expression.is_column and isinstance(table, TableColumns):
        numbers = table.numbers(expression.name, rows)
        if numbers is not None:
            return *numbers, [False] * len(rows)
    column = table.get(expression.name) if expression.is_column else None
    if isinstance(column, SpectrumColumn):
        spectra = column.take(rows).astype(np.float64)
        return spectra, np.isfinite(spectra), [False] * len(rows)
    cells = expression.cells(table, rows.tolist())
    whole = table[expression.name] if expression.is_column else cells.cells
    return *_column(expression.name, cells.cells, whole), cells.outside


def _column(
    name: str, chosen: Sequence[object], column: Sequence[object]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Values (n, size) of the chosen cells of a column, and where they are finite numbers."""
    first = next((value for value in column if value is not None), None)
    if isinstance(first, str):
        raise ConfigError(
            f"column {name!r} holds text, for example {first!r}; a target holds numbers",
            next_step="choose a column of numbers; `matdata train` learns texts as classes",
        )
    size = np.size(first) if isinstance(first, (list, tuple)) else 1
    nothing = np.full(size, np.nan)
    try:
        flat = [nothing if v is None else np.ravel(np.array(v, np.float64)) for v in chosen]
    except (TypeError, ValueError) as error:
        raise ConfigError(f"column {name!r} holds values that are no numbers: {error}") from error
    sizes = {len(value) for value in flat} or {size}
    if sizes != {size}:
        raise ConfigError(
            f"arrays of column {name!r} differ in length: {', '.join(map(str, sorted(sizes)))}",
            next_step="a target needs arrays of one length",
        )
    values = np.array(flat, dtype=np.float64).reshape(len(chosen), size)
    return values, np.isfinite(values)


def settle_missing(targets: Truths, missing: str, what: str) -> npt.NDArray[np.bool_]:
    """Which materials stay, (n,).

    What lies outside the domain of a target's expression is left out without an error, unless no
    material is left.

    Parameters
    ----------
    missing
        ``error``, ``drop`` (leave out materials that lack any number) or ``mask`` (leave out those
        that lack all).
    what
        Whose targets they are, for the message.

    Raises
    ------
    ConfigError
        If targets are missing and `missing` is ``error``.
    """
    if not targets.columns:
        return np.ones(len(targets.values), dtype=bool)
    whole: npt.NDArray[np.bool_] = np.asarray(targets.mask.all(axis=1))
    unknown = targets.lacking() & ~targets.outside
    if missing == "mask":
        return np.asarray(targets.mask.any(axis=1))
    if missing == "drop" or not unknown.any():
        return whole
    lacks = [
        f"{column.name} in {count}"
        for column, count in zip(targets.columns, unknown.sum(axis=0).tolist(), strict=True)
    ]
    raise ConfigError(
        f"{int(unknown.any(axis=1).sum())} of {len(whole)} materials of {what} lack a target: "
        f"{', '.join(lacks)}",
        next_step='missing="drop" leaves them out, missing="mask" keeps what is known of them',
    )


def why_left_out(targets: Truths, rows: Int) -> list[str]:
    """Why materials have no target: ``target_domain`` where that alone is why."""
    lacking, outside = targets.lacking()[rows], targets.outside[rows]
    unknown = np.flatnonzero((lacking & ~outside).any(axis=1)).tolist()
    reasons = [TARGET_DOMAIN] * len(rows)
    for row in unknown:
        reasons[row] = "no target"
    return reasons
