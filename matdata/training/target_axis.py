"""The axis of a target as the table holds it: one grid for all rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError, first_few
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.axis import Axis
from matdata.training.target import Target
from matdata.training.target_cells import cells_of

Ids = npt.NDArray[np.str_]


def read_axis(dataset: DatasetFolder, target: Target, column: str, ids: Ids) -> Axis:
    """The axis of a target: a column with the same list of numbers in each row.

    Raises
    ------
    ConfigError
        If there is no such column, it holds no lists, or rows differ, naming some.
    """
    dataset.require_column(column, f" for the axis of {target.name}", ConfigError)
    points = _points(dataset, target, column)
    if points is not None:
        return Axis(column, dataset.units.get(column, "1"), tuple(points.tolist()))
    first = _require_one_grid(dataset, target, column, ids)
    if not isinstance(first, (list, tuple)):
        raise ConfigError(
            f"column {column!r} holds no lists of numbers; an axis has one number per point",
            next_step="choose a column that holds the axis in each row",
        )
    return Axis(column, dataset.units.get(column, "1"), tuple(first))


def _points(dataset: DatasetFolder, target: Target, column: str) -> npt.NDArray[np.float64] | None:
    """Points of an axis that is stored once; None where each row has its own."""
    spectra = dataset.columns.spectra
    if spectra is None or spectra.axis_of.get(target.source) != column:
        return None
    return spectra.points(column)


def _require_one_grid(
    dataset: DatasetFolder, target: Target, column: str, ids: Ids, axis: object = None
) -> object:
    """The list that all rows with a value of the target have."""
    first, others, cells = axis, [], dataset.columns[column]
    rows = [dataset.row(name) for name in ids.tolist()]
    truths = cells_of(dataset.columns, target, rows).cells
    for name, row, truth in zip(ids.tolist(), rows, truths, strict=True):
        if truth is None:
            continue
        first = cells[row] if first is None else first
        if cells[row] != first:
            others.append(name)
    if others:
        raise ConfigError(
            f"{len(others):,} rows have another axis {column!r} than the first: "
            f"{first_few(np.array(others))}",
            cause=f"numbers of {target.name} at other points cannot be learnt or scored together",
            next_step="resample all rows to one grid when the dataset is built: "
            f"`matdata build … --grid START:STOP:N --axis {target.source}={column}`",
        )
    return first


def require_same_axis(dataset: DatasetFolder, targets: tuple[Target, ...], ids: Ids) -> None:
    """Check that materials have the axis that the run was trained with.

    Raises
    ------
    ConfigError
        Naming some of those that have not.
    """
    for target in targets:
        if target.axis is None or target.axis.name not in dataset.columns:
            continue
        points = _points(dataset, target, target.axis.name)
        if points is not None:
            _require_same(dataset, target, target.axis, points)
            continue
        cells = dataset.columns[target.axis.name]
        if not any(isinstance(cell, list) for cell in cells):
            continue
        values = list(target.axis.values)
        _require_one_grid(dataset, target, target.axis.name, ids, values)


def _require_same(
    dataset: DatasetFolder, target: Target, axis: Axis, points: npt.NDArray[np.float64]
) -> None:
    if not np.array_equal(np.array(axis.values), points):
        raise ConfigError(
            f"{dataset.ref} has {target.name} at {len(points):,} points of {axis.name} from "
            f"{points[0]:g} to {points[-1]:g}, the run at {len(axis.values):,} from "
            f"{axis.values[0]:g} to {axis.values[-1]:g}",
            next_step="build it with the grid of the run's dataset (--grid)",
        )
