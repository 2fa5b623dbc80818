"""Targets as columns of numbers: scalars, several properties, array properties, masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int, offsets_of
from matdata.core.errors import ConfigError, did_you_mean

Missing = ("error", "drop", "mask")


@dataclass(frozen=True)
class TargetColumn:
    """One target.

    Attributes
    ----------
    name
        Column of the dataset's table.
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
    """

    columns: tuple[TargetColumn, ...]
    values: npt.NDArray[np.float64]
    mask: npt.NDArray[np.bool_]

    def take(self, rows: Int) -> Truths:
        """Targets of some materials."""
        return Truths(self.columns, self.values[rows], self.mask[rows])


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
        Where a target is known.
    """

    columns: tuple[TargetColumn, ...]
    values: npt.NDArray[np.float32]
    mask: npt.NDArray[np.bool_]

    def take(self, rows: Int) -> Targets:
        """Targets of some materials."""
        return Targets(self.columns, self.values[rows], self.mask[rows])


def read_targets(
    table: Mapping[str, Sequence[Any]],
    units: Mapping[str, str],
    names: Sequence[str],
    rows: Int,
) -> Truths:
    """Read columns of a table as targets.

    Raises
    ------
    ConfigError
        If there is no such column, it holds text, or its arrays differ in length.
    """
    columns, values, masks = [], [], []
    for name in names:
        if name not in table:
            known = [column for column in table if _numeric(table[column])]
            raise ConfigError(
                f"the dataset has no column {name!r}{did_you_mean(name, known)}",
                next_step=f"columns of numbers: {', '.join(known) or 'none'}",
            )
        column, known_here = _column(name, table[name], rows)
        columns.append(TargetColumn(name, column.shape[1], units.get(name, "1")))
        values.append(np.where(known_here, column, 0.0))
        masks.append(known_here)
    if not names:
        nothing = np.empty((len(rows), 0))
        return Truths((), nothing, nothing.astype(bool))
    return Truths(tuple(columns), np.concatenate(values, 1), np.concatenate(masks, 1))


def _numeric(column: Sequence[object]) -> bool:
    first = next((value for value in column if value is not None), None)
    return isinstance(first, (int, float, list, tuple))


def _column(
    name: str, column: Sequence[object], rows: Int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Values (n, size), and where they are finite numbers."""
    chosen = [column[row] for row in rows.tolist()]
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
    values = np.array(flat, dtype=np.float64).reshape(len(rows), size)
    return values, np.isfinite(values)


def settle_missing(targets: Truths, missing: str, what: str) -> npt.NDArray[np.bool_]:
    """Which materials stay, (n,).

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
        If targets are missing and nothing was said about them.
    """
    if not targets.columns:
        return np.ones(len(targets.values), dtype=bool)
    whole: npt.NDArray[np.bool_] = np.asarray(targets.mask.all(axis=1))
    lacking = int((~whole).sum())
    if not lacking or missing == "drop":
        return whole
    if missing == "mask":
        return np.asarray(targets.mask.any(axis=1))
    bounds = offsets_of([column.size for column in targets.columns])
    lacks = [
        f"{column.name} in {int((~targets.mask[:, a:b].all(axis=1)).sum())}"
        for column, a, b in zip(targets.columns, bounds[:-1], bounds[1:], strict=True)
    ]
    raise ConfigError(
        f"{lacking} of {len(whole)} materials of {what} lack a target: {', '.join(lacks)}",
        next_step='missing="drop" leaves them out, missing="mask" keeps what is known of them',
    )
