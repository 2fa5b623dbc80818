"""Columns of a table's file, each read at its first use."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int
from matdata.core.documents import JsonObject
from matdata.store import tables
from matdata.store.spectra_file import SpectraFile
from matdata.store.spectrum_columns import Cells, SpectrumColumn

if TYPE_CHECKING:
    import pyarrow as pa

#: Spectra in one Arrow array, whose places are int32.
LISTS_AT_ONCE = 1 << 14


class Numbers(NamedTuple):
    """A column of numbers, or of arrays of one length.

    Attributes
    ----------
    values : (n, size) float64
        NaN where a cell is missing.
    known : (n, size) bool
        Where there is a finite number.
    """

    values: npt.NDArray[np.float64]
    known: npt.NDArray[np.bool_]


class TableColumns(Mapping[str, Sequence[Any]]):
    """Columns of a Parquet file by name, as cells: None where a value is missing.

    A column that was read is kept; of the others no byte is read.

    Parameters
    ----------
    checked
        Returns the path of the file, compared with its digest.
    spectra
        Opens the file of the spectra, whose columns are behind those of the table; None if there
        is none. They are not kept in memory.
    """

    def __init__(
        self, checked: Callable[[], Path], spectra: Callable[[], SpectraFile] | None = None
    ) -> None:
        self._checked = checked
        self._open_spectra = spectra
        self._cells: dict[str, Sequence[Any]] = {}
        self._block: tuple[int, pa.Table] | None = None

    @functools.cached_property
    def _names(self) -> dict[str, None]:
        spectra = [] if self.spectra is None else self.spectra.names
        return dict.fromkeys([*tables.read_names(self._checked()), *spectra])

    @functools.cached_property
    def spectra(self) -> SpectraFile | None:
        """The file of the spectra; None if there is none."""
        return None if self._open_spectra is None else self._open_spectra()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __getitem__(self, name: str) -> Sequence[Any]:
        if name not in self._cells:
            spectra = self._spectra_of(name)
            self._cells[name] = self.array(name).to_pylist() if spectra is None else spectra
        return self._cells[name]

    def _spectra_of(self, name: str) -> Cells | None:
        """A column of the file of the spectra; None if it is none of its columns."""
        spectra = self.spectra
        return spectra.column(name) if spectra is not None and name in spectra.names else None

    def spectrum(self, name: str) -> SpectrumColumn | None:
        """A column of spectra as blocks; None of any other column."""
        column = self._spectra_of(name)
        return column if isinstance(column, SpectrumColumn) else None

    def array(self, name: str) -> pa.ChunkedArray:
        """A column in Arrow, (n,), which is not kept.

        Raises
        ------
        KeyError
            If there is no such column.
        """
        if name not in self._names:
            raise KeyError(name)
        spectra = self._spectra_of(name)
        if spectra is not None:
            return list_array(spectra, np.arange(len(spectra)))
        return tables.read_arrow(self._checked(), (name,)).column(name)

    def texts(self, name: str) -> npt.NDArray[np.str_]:
        """A column of texts that are all there, such as ids, (n,)."""
        return np.asarray(self.array(name).to_pylist(), dtype=np.str_)

    def numbers(self, name: str, rows: Int) -> Numbers | None:
        """Numbers of some rows (k,); None unless all cells are numbers or arrays of one length.

        Raises
        ------
        KeyError
            If there is no such column.
        """
        from matdata.store.arrow import numbers_in

        spectrum = self.spectrum(name)
        if spectrum is not None:
            values = spectrum.take(rows).astype(np.float64)
            return Numbers(values, np.isfinite(values))
        found = numbers_in(self.array(name), rows)
        return None if found is None else Numbers(found, np.isfinite(found))

    def row(self, number: int) -> JsonObject:
        """All cells of one row by name; the rows near it are kept in memory."""
        if self._block is None or not 0 <= number - self._block[0] < len(self._block[1]):
            self._block = tables.read_group(self._checked(), number)
        start, block = self._block
        cells = {
            name: column[number - start].as_py()
            for name, column in zip(block.column_names, block.itercolumns(), strict=True)
        }
        names = [] if self.spectra is None else self.spectra.names
        return cells | {name: self[name][number] for name in names}


def list_array(column: Cells, rows: Int) -> pa.ChunkedArray:
    """Cells of some rows (k,) as Arrow lists, of numbers that are missing at masked points."""
    import pyarrow as pa

    starts = range(0, max(len(rows), 1), LISTS_AT_ONCE)
    return pa.chunked_array([_lists(column, rows[one : one + LISTS_AT_ONCE]) for one in starts])


def _lists(column: Cells, rows: Int) -> pa.Array:
    import pyarrow as pa

    values = np.asarray(column.take(rows), dtype=np.float64)
    has = column.place[rows] >= 0
    numbers = values[has].ravel()
    offsets = np.concatenate([[0], np.cumsum(np.where(has, values.shape[1], 0))]).astype(np.int32)
    known = np.isfinite(numbers)
    masks = [None if m.all() else np.packbits(m, bitorder="little") for m in (has, known)]
    of_lists, of_numbers = (None if m is None else pa.py_buffer(m) for m in masks)
    flat = pa.Array.from_buffers(pa.float64(), len(numbers), [of_numbers, pa.py_buffer(numbers)])
    buffers = [of_lists, pa.py_buffer(offsets)]
    kind = pa.list_(pa.float64())
    return pa.Array.from_buffers(kind, len(rows), buffers, children=[flat])
