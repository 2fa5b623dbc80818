"""Spectra of a dataset: float32 blocks in one safetensors file, each axis once.

Tensors are ``axis:<name>`` (L,) float64, ``rows:<axis>`` (m,) int64, the rows of the table that
have spectra on that axis, and ``<column>`` (m, L) float32, NaN where a point is masked. The header
states which column stands on which axis, and units.
"""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int
from matdata.core.errors import StoreError
from matdata.store.spectrum_columns import AxisColumn, Block, SpectrumColumn
from matdata.store.tensor_file import tensor_file

PART = "spectra.safetensors"
AXIS_OF, UNITS = "axis_of", "units"
_AXIS, _ROWS = "axis:", "rows:"
_DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "I64": np.dtype("<i8"),
}


@dataclass(frozen=True, eq=False)
class Layout:
    """Spectra on one axis.

    Attributes
    ----------
    axis
        Name of the axis.
    points : (L,) float64
        Where the numbers stand.
    rows : (m,) int64
        Rows of the table that have spectra, ascending.
    columns
        Columns on the axis.
    """

    axis: str
    points: npt.NDArray[np.float64]
    rows: Int
    columns: tuple[str, ...]


@contextlib.contextmanager
def spectra_file(
    path: Path, layouts: Sequence[Layout], units: Mapping[str, str]
) -> Iterator[dict[str, npt.NDArray[Any]]]:
    """Yield blocks (m, L) of zeros by column in a new file, to be filled in place."""
    shapes: dict[str, tuple[str, tuple[int, ...]]] = {}
    for one in layouts:
        shapes[_AXIS + one.axis] = ("F64", one.points.shape)
        shapes[_ROWS + one.axis] = ("I64", one.rows.shape)
        shapes |= {name: ("F32", (len(one.rows), len(one.points))) for name in one.columns}
    axis_of = {name: one.axis for one in layouts for name in one.columns}
    about = {AXIS_OF: json.dumps(axis_of), UNITS: json.dumps(dict(units))}
    with tensor_file(path, shapes, about) as tensors:
        for one in layouts:
            tensors[_AXIS + one.axis][:] = one.points
            tensors[_ROWS + one.axis][:] = one.rows
        yield {name: tensors[name] for one in layouts for name in one.columns}


class SpectraFile:
    """The spectra of a committed dataset; blocks are mapped, not read.

    Parameters
    ----------
    path
        The file, compared with its digest.
    n_rows
        Rows of the table.

    Raises
    ------
    StoreError
        If it is none.
    """

    def __init__(self, path: Path, n_rows: int) -> None:
        self._path, self._n_rows = path, n_rows
        try:
            with open(path, "rb") as file:
                (length,) = struct.unpack("<Q", file.read(8))
                self._entries: dict[str, Any] = json.loads(file.read(length))
            self._start = 8 + length
            about = self._entries.pop("__metadata__")
            #: By column the axis that it stands on.
            self.axis_of: dict[str, str] = json.loads(about[AXIS_OF])
            #: Units of columns and axes, where they are known.
            self.units: dict[str, str] = json.loads(about[UNITS])
        except (ValueError, KeyError, struct.error) as error:
            raise StoreError(f"{path} is damaged: {error}") from error

    @property
    def names(self) -> list[str]:
        """Axes and columns, in order: each axis before the columns that stand on it."""
        axes = dict.fromkeys(self.axis_of.values())
        return [
            name
            for axis in axes
            for name in (axis, *(c for c, of in self.axis_of.items() if of == axis))
        ]

    def points(self, axis: str) -> npt.NDArray[np.float64]:
        """Where the numbers of an axis stand, (L,)."""
        return self._block(_AXIS + axis).whole()

    def column(self, name: str) -> SpectrumColumn | AxisColumn:
        """A column of spectra, or of the points of an axis."""
        axis = self.axis_of.get(name, name)
        rows = self._block(_ROWS + axis).whole()
        place = np.full(self._n_rows, -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        if name in self.axis_of:
            return SpectrumColumn(self._block(name), place)
        return AxisColumn(self.points(axis), place)

    def _block(self, name: str) -> Block:
        entry = self._entries[name]
        offset = self._start + entry["data_offsets"][0]
        return Block(self._path, offset, tuple(entry["shape"]), _DTYPES[entry["dtype"]])
