"""Structures in Arrow, and their file written block by block in the bytes of `write_structures`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matdata.core.crystals import Int, offsets_of
from matdata.core.structures import Structures
from matdata.store import hdf5
from matdata.store.arrow import numbers_array, numpy_of
from matdata.store.columns import OFFSETS, ROWS

#: Columns of `to_arrow`.
LATTICE, COORDS, NUMBERS = "lattice", "frac_coords", "numbers"
_DTYPES: dict[str, tuple[str, tuple[int, ...]]] = {
    LATTICE: ("<f8", (3, 3)),
    COORDS: ("<f8", (3,)),
    NUMBERS: ("|u1", ()),
    OFFSETS: ("<i8", ()),
    ROWS: ("<i8", ()),
}


def to_arrow(structures: Structures) -> dict[str, pa.Array]:
    """Columns (n,) of lists: 9 numbers of the lattice, or none where there is no structure."""
    crystals, n = structures.crystals, len(structures)
    lengths = np.zeros((2, n), dtype=np.int64)
    lengths[0, structures.rows] = 1
    lengths[1, structures.rows] = crystals.n_sites
    return {
        LATTICE: _lists(crystals.lattice, 9 * lengths[0]),
        COORDS: _lists(crystals.frac_coords, 3 * lengths[1]),
        NUMBERS: _lists(crystals.numbers, lengths[1]),
    }


def _lists(values: npt.NDArray[Any], lengths: Int) -> pa.Array:
    return pa.LargeListArray.from_arrays(
        numbers_array(offsets_of(lengths)), numbers_array(values.ravel())
    )


class StructureFile:
    """Collects structures in the order of the rows, and writes their file.

    Columns lie uncompressed in a folder until `write`, as HDF5 stores one after another.

    Parameters
    ----------
    folder
        A folder for them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._n_rows = self._n_crystals = self._n_sites = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._append(OFFSETS, np.zeros(1, dtype=np.int64))

    def add(self, rows: pa.Table) -> None:
        """Add the structures of the next rows, columns as of `to_arrow`."""
        columns = {name: rows.column(name).combine_chunks() for name in (LATTICE, COORDS, NUMBERS)}
        lengths = {name: np.diff(numpy_of(column.offsets)) for name, column in columns.items()}
        present = np.flatnonzero(lengths[LATTICE])
        for name, column in columns.items():
            dtype, shape = _DTYPES[name]
            values = numpy_of(column.flatten()).astype(dtype, copy=False)
            self._append(name, values.reshape(-1, *shape))
        ends = self._n_sites + np.cumsum(lengths[NUMBERS][present])
        self._append(OFFSETS, ends)
        self._append(ROWS, self._n_rows + present)
        self._n_rows += len(rows)
        self._n_crystals += len(present)
        self._n_sites += int(lengths[NUMBERS].sum())

    def _append(self, name: str, values: npt.NDArray[Any]) -> None:
        with open(self._folder / name, "ab") as file:
            file.write(np.ascontiguousarray(values, dtype=_DTYPES[name][0]).tobytes())

    def write(self, path: Path) -> None:
        """Write the file; equal structures give the bytes of `write_structures`."""
        n, sites = self._n_crystals, self._n_sites
        lengths = {LATTICE: n, COORDS: sites, NUMBERS: sites, OFFSETS: n + 1}
        if n < self._n_rows:
            lengths[ROWS] = n
        arrays = [
            hdf5.RawArray(name, self._folder / name, length, *_DTYPES[name])
            for name, length in lengths.items()
        ]
        hdf5.write_raw(path, arrays)
