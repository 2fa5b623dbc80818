"""Rows of a dataset by range, read from its files: memory does not grow with the dataset."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals, Int, as_ids
from matdata.core.errors import MatdataError, StoreError
from matdata.core.structures import Structures
from matdata.store import hdf5, tables
from matdata.store.columns import GIVEN_FORMULA, read_crystals, read_structure_rows
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.spectrum_columns import Cells
from matdata.store.table_columns import list_array

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_AT_ONCE = 16384


class DatasetRows:
    """Reads rows ``start:stop`` of a committed dataset; each file is checked once per process.

    Parameters
    ----------
    dataset
        The dataset; of its table only the columns are read that a method needs.
    """

    def __init__(self, dataset: DatasetFolder) -> None:
        self.dataset = dataset

    @classmethod
    def at(cls, folder: Path, digest: str) -> DatasetRows:
        """The rows of the dataset in a folder.

        Raises
        ------
        StoreError
            If there is no dataset, or another one than that of the `digest` of its rows.
        """
        dataset = DatasetFolder(folder)
        if dataset.data_digest != digest:
            raise StoreError(
                f"{folder} holds dataset {dataset.data_digest[:8]}, expected {digest[:8]}",
                cause="the folder of another cache is mounted in its place",
            )
        return cls(dataset)

    def __len__(self) -> int:
        return int(self.dataset.manifest["rows"])

    def ranges(self) -> Iterator[tuple[int, int]]:
        """First and last row (exclusive) of pieces that fit into memory; all rows, in order."""
        for start in range(0, len(self), ROWS_AT_ONCE):
            yield start, min(start + ROWS_AT_ONCE, len(self))

    @property
    def table_path(self) -> Path:
        """The file of the table, checked."""
        return self.dataset.checked("table.parquet")

    def _crystals(self) -> contextlib.closing[hdf5.Shard]:
        return contextlib.closing(hdf5.Shard(self.dataset.checked("crystals.h5")))

    @functools.cached_property
    def _rows_of_crystals(self) -> Int | None:
        """Rows (k,) that have a structure; None where all have one."""
        return read_structure_rows(self.dataset.checked("crystals.h5"))

    @functools.cached_property
    def rows_with_structure(self) -> Int:
        """Rows (k,) that have a structure."""
        if self.dataset.kind == "composition":
            return np.empty(0, dtype=np.int64)
        rows = self._rows_of_crystals
        return np.arange(len(self)) if rows is None else rows

    def crystal_columns(self, start: int, stop: int) -> dict[str, npt.NDArray[Any]]:
        """Columns of the structures at places `start` to `stop` among those that there are."""
        with self._crystals() as shard:
            return read_crystals(shard, start, stop)

    @functools.cached_property
    def _names(self) -> list[str]:
        return list(self.dataset.columns)

    def check_column(
        self, name: str, use: str = "", error: type[MatdataError] = StoreError
    ) -> None:
        """Refuse a column that is not in the table; see `tables.check_column`."""
        tables.check_column(self.dataset.ref, self._names, name, use, error)

    def cells(self, names: Sequence[str], start: int, stop: int) -> tables.Columns:
        """Cells of some columns, by name one for each row."""
        spectra = [name for name in names if name in self._spectra]
        rest = [name for name in names if name not in self._spectra]
        cells = tables.read_rows(self.table_path, rest, start, stop)
        cells |= {name: list(self.dataset.columns[name][start:stop]) for name in spectra}
        return {name: cells[name] for name in names}

    @functools.cached_property
    def _spectra(self) -> list[str]:
        """Columns beside the table, in order."""
        spectra = self.dataset.columns.spectra
        return [] if spectra is None else spectra.names

    @property
    def schema(self) -> pa.Schema:
        """Arrow types of all columns."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        lists = [pa.field(name, pa.list_(pa.float64())) for name in self._spectra]
        return pa.schema([*pq.read_schema(self.table_path), *lists])

    def blocks(self, rows: int) -> Iterator[pa.Table]:
        """All columns in Arrow, so many rows at a time."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        start = 0
        with pq.ParquetFile(self.table_path) as file:
            for batch in file.iter_batches(batch_size=rows):
                table = pa.Table.from_batches([batch])
                stop = start + len(table)
                for name in self._spectra:
                    cells = self.dataset.columns[name]
                    if isinstance(cells, Cells):
                        column = list_array(cells, np.arange(start, stop))
                        table = table.append_column(name, column)
                start = stop
                yield table

    def ids(self, start: int, stop: int) -> npt.NDArray[np.str_]:
        """Material ids."""
        return as_ids(self.cells(["material_id"], start, stop)["material_id"])

    def structures(
        self, start: int, stop: int, ids: Sequence[str] | npt.NDArray[np.str_] | None = None
    ) -> Structures:
        """Structures of the rows that have one; `ids` are those of the rows, where known."""
        names = self.ids(start, stop) if ids is None else as_ids(ids)
        if self.dataset.kind == "composition":
            return Structures.none(names)
        rows = self._rows_of_crystals
        with self._crystals() as shard:
            if rows is None:
                return Structures.of(Crystals(names, **read_crystals(shard, start, stop)))
            first, last = np.searchsorted(rows, [start, stop]).tolist()
            inside = rows[first:last] - start
            columns = read_crystals(shard, first, last)
        return Structures(names, Crystals(names[inside], **columns), inside)

    def compositions(
        self, start: int, stop: int, structures: Structures | None = None
    ) -> Compositions:
        """Compositions, counted from the structures of these rows or parsed from the formula."""
        structures = self.structures(start, stop) if structures is None else structures
        formulas: list[Any] = []
        if GIVEN_FORMULA in self._names and not structures.is_complete:
            formulas = self.cells([GIVEN_FORMULA], start, stop)[GIVEN_FORMULA]
        return Compositions.from_rows(structures, formulas)

    @functools.cached_property
    def n_sites(self) -> int:
        """Sites of all structures."""
        with self._crystals() as shard:
            return shard.length("numbers")

    @functools.cached_property
    def n_amounts(self) -> int:
        """Elements of all compositions, each counted once per composition that has it."""
        import pyarrow.compute as pc

        self.check_column("n_elements")
        return int(pc.sum(self.dataset.columns.array("n_elements")).as_py() or 0)
