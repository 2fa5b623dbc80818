"""Spectra of all rows of a dataset as one block."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matdata.core.errors import StoreError, did_you_mean
from matdata.store.table_columns import TableColumns


class Spectra(NamedTuple):
    """Spectra of all rows of a dataset.

    Attributes
    ----------
    axis
        The column of the axis, whose unit is in `units`.
    points : (L,) float64
        Where the numbers stand.
    values : (n, L) float32
        NaN at masked points, and in rows without a spectrum.
    """

    axis: str
    points: npt.NDArray[np.float64]
    values: npt.NDArray[np.float32]


def spectra_of(columns: TableColumns, column: str, ref: str, n_rows: int) -> Spectra:
    """The spectra of a column.

    Raises
    ------
    StoreError
        If it holds none; `ref` names the dataset.
    """
    file, found = columns.spectra, columns.spectrum(column)
    if file is None or found is None:
        names = [] if file is None else list(file.axis_of)
        raise StoreError(
            f"{ref} has no spectra {column!r}{did_you_mean(column, names)}",
            next_step=f"spectra: {', '.join(names) or 'none; build with --grid or --spectra'}",
        )
    axis = file.axis_of[column]
    return Spectra(axis, file.points(axis), found.take(np.arange(n_rows)))
