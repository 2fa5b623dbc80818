"""Rows set aside on disk, to come back in another order: memory holds one block of them.

Rows are added in any order, each with its place in the result. They are distributed among files of
consecutive places, and each file is sorted when it is read (a bucket sort).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matdata.store.arrow import numbers_array, numpy_of

PLACE = "place"
MOST_FILES = 128  # open at once


class Spill:
    """Rows of one schema on their way to their places; use it as a context.

    Parameters
    ----------
    folder
        An empty folder, or none yet.
    n_rows
        Number of rows that will be added.
    block_rows
        Number of rows of a block; a file holds one or more blocks.
    """

    def __init__(self, folder: Path, n_rows: int, block_rows: int) -> None:
        self._folder = folder
        self._block = block_rows
        blocks = -(-max(n_rows, 1) // block_rows)
        self._rows = block_rows * -(-blocks // MOST_FILES)
        self._files = -(-max(n_rows, 1) // self._rows)
        self._writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}
        self._open = contextlib.ExitStack()
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Spill:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def add(self, places: npt.NDArray[np.int64], rows: pa.Table) -> None:
        """Set rows (k) aside, with their places (k,) in the result."""
        order = np.argsort(places, kind="stable")
        rows = rows.append_column(PLACE, numbers_array(places)).take(numbers_array(order))
        files = places[order] // self._rows
        starts = np.flatnonzero(np.diff(files, prepend=-1))
        for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(files)], strict=True):
            self._writer(int(files[start]), rows.schema).write_table(
                rows.slice(start, stop - start)
            )

    def _writer(self, number: int, schema: pa.Schema) -> pa.ipc.RecordBatchStreamWriter:
        if number not in self._writers:
            sink = self._open.enter_context(pa.OSFile(str(self._path(number)), "wb"))
            writer = self._open.enter_context(pa.ipc.new_stream(sink, schema))
            self._writers[number] = writer
        return self._writers[number]

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:05d}.arrows"

    def blocks(self) -> Iterator[pa.Table]:
        """All rows in the order of their places, block by block; each file is read once."""
        self._open.close()
        for number in range(self._files):
            path = self._path(number)
            with pa.OSFile(str(path), "rb") as file, pa.ipc.open_stream(file) as stream:
                rows = stream.read_all()
            path.unlink()
            order = np.argsort(numpy_of(rows.column(PLACE).combine_chunks()))
            rows = rows.drop_columns([PLACE])
            for start in range(0, len(order), self._block):
                yield rows.take(numbers_array(order[start : start + self._block]))
            del rows  # before those of the next file are read
