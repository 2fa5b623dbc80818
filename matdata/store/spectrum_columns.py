"""Columns of spectra: cells like those of a table, and blocks of float32 without cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int
from matdata.core.errors import StoreError

#: A cell: numbers, None at masked points; None where a row has no spectrum.
Cell: TypeAlias = "list[float | None] | None"


@dataclass(frozen=True)
class Block:
    """An array in a file.

    Attributes
    ----------
    path, offset
        Where its bytes are.
    shape, dtype
        Of the array.
    """

    path: Path
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def whole(self) -> npt.NDArray[Any]:
        """All of it, copied into memory.

        Raises
        ------
        StoreError
            If the file ends before it.
        """
        return self._read(0, self.shape[0])

    def take(self, rows: Int) -> npt.NDArray[Any]:
        """Entries (k, …) of the first axis."""
        if len(rows) and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
            return self._read(int(rows[0]), len(rows))
        return np.asarray(self._mapped()[rows])

    def _read(self, first: int, count: int) -> npt.NDArray[Any]:
        """Entries one after another, without a buffer between: faster than from mapped pages."""
        values = np.empty((count, *self.shape[1:]), self.dtype)
        each = self.dtype.itemsize * math.prod(self.shape[1:])
        left = memoryview(values).cast("B") if values.size else memoryview(b"")  # type: ignore[arg-type]
        with open(self.path, "rb", buffering=0) as file:
            file.seek(self.offset + first * each)
            while len(left):
                got = file.readinto(left)
                if not got:
                    raise StoreError(f"{self.path} ends before all of its numbers")
                left = left[got:]
        return values

    def _mapped(self) -> npt.NDArray[Any]:
        if not math.prod(self.shape):
            return np.empty(self.shape, self.dtype)
        return np.memmap(self.path, self.dtype, "r", self.offset, self.shape)


class Cells(Sequence[Cell]):
    """Cells of n rows, of which some have a list.

    Parameters
    ----------
    place : (n,) int64
        Entry of each row, -1 for none.
    """

    def __init__(self, place: Int) -> None:
        self.place = place

    def __len__(self) -> int:
        return len(self.place)

    @overload
    def __getitem__(self, row: int) -> Cell: ...
    @overload
    def __getitem__(self, row: slice) -> list[Cell]: ...
    def __getitem__(self, row: int | slice) -> Cell | list[Cell]:
        if isinstance(row, slice):
            return [self[one] for one in range(*row.indices(len(self)))]
        place = int(self.place[row])
        return None if place < 0 else self._cell(place)

    def _cell(self, place: int) -> Cell:
        raise NotImplementedError

    def take(self, rows: Int) -> npt.NDArray[Any]:
        """Numbers (k, L) of some rows, NaN where there is none."""
        raise NotImplementedError


class AxisColumn(Cells):
    """The points of an axis, the same for each row that has spectra on it.

    Attributes
    ----------
    points : (L,) float64
        The points.
    """

    def __init__(self, points: npt.NDArray[np.float64], place: Int) -> None:
        super().__init__(place)
        self.points = points
        self._list: Cell = points.tolist()

    @property
    def size(self) -> int:
        """Points of the axis."""
        return len(self.points)

    def _cell(self, place: int) -> Cell:
        return self._list

    def take(self, rows: Int) -> npt.NDArray[np.float64]:
        """Points (k, L) of some rows, NaN where a row has none."""
        has = (self.place[rows] >= 0)[:, None]
        return np.where(has, self.points, np.nan)


class SpectrumColumn(Cells):
    """Spectra of rows; a cell is a list, a block of many is float32.

    Parameters
    ----------
    block : (m, L) float32
        The spectra.
    place : (n,) int64
        Entry of each row, -1 for none.
    """

    def __init__(self, block: Block | npt.NDArray[np.float32], place: Int) -> None:
        super().__init__(place)
        self._block = block

    @property
    def size(self) -> int:
        """Points of a spectrum."""
        return int(self._block.shape[1])

    def take(self, rows: Int) -> npt.NDArray[np.float32]:
        """Spectra (k, L) of some rows, NaN at masked points and where a row has none."""
        places = self.place[rows]
        if len(places) and places.min() >= 0:
            return self._entries(places)
        values = np.full((len(places), self.size), np.nan, dtype=np.float32)
        values[places >= 0] = self._entries(places[places >= 0])
        return values

    def having(self, rows: npt.ArrayLike) -> Int:
        """Those of some rows that have a spectrum."""
        chosen = np.asarray(rows, dtype=np.int64)
        return chosen[self.place[chosen] >= 0]

    def of(self, rows: npt.ArrayLike) -> SpectrumColumn:
        """The column with the spectra of these rows alone, which are in memory."""
        kept = np.full(len(self.place), -1, dtype=np.int64)
        having = self.having(rows)
        kept[having] = np.arange(len(having))
        return SpectrumColumn(self.take(having), kept)

    def _entries(self, places: Int) -> npt.NDArray[np.float32]:
        taken: npt.NDArray[np.float32]
        taken = self._block.take(places) if isinstance(self._block, Block) else self._block[places]
        return taken

    def _cell(self, place: int) -> Cell:
        values = self._entries(np.array([place]))[0]
        numbers: list[float | None] = values.tolist()
        if np.isnan(values).any():
            return [None if number != number else number for number in numbers]
        return numbers
