"""Columns of a table's file, each read at its first use."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int
from matdata.core.documents import JsonObject
from matdata.store import tables

if TYPE_CHECKING:
    import pyarrow as pa


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


class TableColumns(Mapping[str, list[Any]]):
    """Columns of a Parquet file by name, as cells: None where a value is missing.

    A column that was read is kept; of the others no byte is read.

    Parameters
    ----------
    checked
        Returns the path of the file, compared with its digest.
    """

    def __init__(self, checked: Callable[[], Path]) -> None:
        self._checked = checked
        self._cells: dict[str, list[Any]] = {}
        self._block: tuple[int, pa.Table] | None = None

    @functools.cached_property
    def _names(self) -> dict[str, None]:
        return dict.fromkeys(tables.read_names(self._checked()))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self._cells:
            self._cells[name] = self.array(name).to_pylist()
        return self._cells[name]

    def array(self, name: str) -> pa.ChunkedArray:
        """A column in Arrow, (n,), which is not kept.

        Raises
        ------
        KeyError
            If there is no such column.
        """
        if name not in self._names:
            raise KeyError(name)
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

        found = numbers_in(self.array(name), rows)
        return None if found is None else Numbers(found, np.isfinite(found))

    def row(self, number: int) -> JsonObject:
        """All cells of one row by name; the rows near it are kept in memory."""
        if self._block is None or not 0 <= number - self._block[0] < len(self._block[1]):
            self._block = tables.read_group(self._checked(), number)
        start, block = self._block
        return {
            name: column[number - start].as_py()
            for name, column in zip(block.column_names, block.itercolumns(), strict=True)
        }
