"""What the sections of a dataset's report read: columns in Arrow, whole or as a sample."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from matdata.core.errors import MatdataError
from matdata.core.part_names import PARTS
from matdata.store.arrow import numpy_of
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.dataset_rows import DatasetRows

Float = npt.NDArray[np.float64]
#: Columns beyond the well-known ones are read whole up to this many rows, else as a sample.
WHOLE = 200_000
SAMPLE = 20_000
#: Structures whose distances are measured.
MEASURED = 2_000


class Facts:
    """A dataset as its report reads it; nothing is kept but what several sections need.

    Parameters
    ----------
    dataset
        The dataset.
    cache
        The cache that holds its features.
    """

    def __init__(self, dataset: DatasetFolder, cache: Path) -> None:
        self.dataset = dataset
        self.cache = cache
        self.n = int(dataset.manifest["rows"])
        self.n_structures = self.n - dataset.n_without_structure
        self.rows = DatasetRows(dataset)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if "_file" in self.__dict__:
            self._file.close()

    @functools.cached_property
    def _file(self) -> pq.ParquetFile:
        """The table, opened once: of one with many columns that takes long."""
        return pq.ParquetFile(self.rows.table_path)

    @functools.cached_property
    def schema(self) -> pa.Schema:
        """Types of the columns of the table."""
        return self._file.schema_arrow

    @functools.cached_property
    def names(self) -> dict[str, None]:
        """Columns of the table, in order."""
        return dict.fromkeys(self.schema.names)

    @property
    def targets(self) -> list[str]:
        """Columns that can be learnt, as the manifest lists them."""
        return list(self.dataset.manifest["targets"])

    def unit(self, name: str) -> str | None:
        """Unit of a column."""
        return self.dataset.units.get(name)

    def column(self, name: str) -> pa.ChunkedArray | None:
        """A column of the table with all its rows; None if there is no such column."""
        return self._whole(name) if name in self.names else None

    def _whole(self, name: str) -> pa.ChunkedArray:
        return self._file.read(columns=[name], use_threads=False).column(name)

    def sampled(self, name: str) -> pa.ChunkedArray:
        """A column with all its rows, or with the first rows of each part of the file."""
        if not self.samples:
            return self._whole(name)
        batches = []
        size = -(-SAMPLE // max(self._file.num_row_groups, 1))
        for group in range(self._file.num_row_groups):
            batches += list(_first(self._file, group, name, size))
        return pa.chunked_array(batches, type=self.schema.field(name).type)

    @property
    def samples(self) -> bool:
        """Whether `sampled` reads a part of the rows."""
        return self.n > WHOLE

    @functools.cached_property
    def statistics(self) -> dict[str, tuple[int, Any, Any]]:
        """By column the cells that are missing, the smallest and the largest, where the file
        says so: exact for all rows, without reading them."""
        found: dict[str, tuple[int, Any, Any]] = {}
        metadata = self._file.metadata
        leaves = [metadata.schema.column(k).path for k in range(metadata.num_columns)]
        groups = [metadata.row_group(k) for k in range(metadata.num_row_groups)]
        for k, leaf in enumerate(leaves):
            if leaf not in self.names:
                continue
            parts = [group.column(k).statistics for group in groups]
            if all(one is not None and one.has_null_count for one in parts):
                ends = [one for one in parts if one.has_min_max]
                low = min((one.min for one in ends), default=None)
                high = max((one.max for one in ends), default=None)
                found[leaf] = (sum(one.null_count for one in parts), low, high)
        return found

    def numbers(self, name: str) -> Float | None:
        """A column of numbers, of all rows, NaN where one is missing; None if it is none."""
        column = self.column(name)
        if column is None or not is_number(column.type):
            return None
        return as_floats(column)

    @functools.cached_property
    def ids(self) -> pa.ChunkedArray:
        """Material ids in the order of the rows."""
        return self._whole("material_id")

    @functools.cached_property
    def formulas(self) -> pa.ChunkedArray | None:
        """Formulas in the order of the rows."""
        return self.column("formula")

    def id_of(self, row: int) -> str:
        """The id of a row."""
        return str(self.ids[row].as_py())

    @functools.lru_cache(maxsize=4)  # noqa: B019 - as long-lived as the report
    def parts(self, split: str) -> tuple[list[str], npt.NDArray[np.int64]]:
        """Parts of a split, and for each row which one it is in, -1 for none.

        Raises
        ------
        StoreError
            If the split is damaged.
        """
        table = self.dataset.split_table(split)
        ids, names = table.column("material_id"), table.column("part")
        places = pc.index_in(self.ids, value_set=ids.combine_chunks())
        there = pc.unique(names).to_pylist()
        parts = [part for part in PARTS if part in there]
        codes = pc.index_in(names, value_set=pa.array(parts, pa.string()))
        of_split = numpy_of(pc.cast(codes, pa.int64()).combine_chunks())
        found = numpy_of(pc.cast(pc.fill_null(places, -1), pa.int64()).combine_chunks())
        return parts, np.where(found < 0, -1, of_split[np.maximum(found, 0)])

    @functools.cached_property
    def splits(self) -> tuple[dict[str, Any], list[str]]:
        """Notes of the splits by name, and what is wrong with those that cannot be read."""
        notes, faults = {}, []
        for name in self.dataset.split_names():
            try:
                notes[name] = self.dataset.split_note(name)
            except MatdataError as error:
                faults.append(error.what)
        return notes, faults


def _first(file: pq.ParquetFile, group: int, name: str, size: int) -> list[pa.Array]:
    """The first rows of a column in one row group."""
    for batch in file.iter_batches(size, [group], [name]):
        return [batch.column(0)]
    return []


def is_number(kind: pa.DataType) -> bool:
    """Whether a type is one of numbers."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def as_floats(column: pa.ChunkedArray) -> Float:
    """Numbers (n,), NaN where one is missing."""
    plain = pc.fill_null(pc.cast(column, pa.float64(), safe=False), float("nan"))
    floats: Float = numpy_of(plain.combine_chunks())
    return floats


def value_counts(column: pa.ChunkedArray | pa.Array) -> list[tuple[Any, int]]:
    """Values and how often they occur, the most frequent first; missing ones are left out."""
    counted = pc.value_counts(column.drop_null())
    pairs = zip(
        counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True
    )
    return sorted(pairs, key=lambda pair: (-pair[1], str(pair[0])))
