"""Predicted and true values as the cells of a table: numbers, lists, names of labels."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from matdata.training.target import Target

Float = npt.NDArray[np.float64]


def cells(values: Float, shape: tuple[int, ...] = ()) -> list[object]:
    """One cell per row: a number, or a list of several in their shape; None if it is not finite.

    An array of one number is a list if it has a shape.
    """
    if values.shape[1] == 1 and not shape:
        return [v if math.isfinite(v) else None for v in values[:, 0].tolist()]
    rows = values.reshape(len(values), *shape) if shape else values
    return [_cell(row) for row in rows]


def _cell(row: Float) -> object:
    """An array as lists; None if nothing of it is finite, as points of a spectrum that are not."""
    finite = np.isfinite(row)
    if finite.all():
        return row.tolist()
    if row.ndim != 1 or not finite.any():
        return None
    return [value if math.isfinite(value) else None for value in row.tolist()]


def labels_of(target: Target, marks: Float) -> list[object]:
    """Per row the names of the labels that are marked, or the marks (n, k) where labels have no
    names; None where one is not finite.
    """
    rows = cells(marks, (target.size,))
    if not target.classes:
        return rows
    names = np.array(target.labels, dtype=object)
    return [
        None if row is None else names[mark != 0].tolist()
        for row, mark in zip(rows, marks, strict=True)
    ]
