"""The rows of a dataset in their order, block by block: the second reading of the records.

What is kept of each part of the records is set aside on disk (`matdata.store.spill`), so that
memory holds one part or one block at a time, whatever the order of the records.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from matdata.core.crystals import Int
from matdata.curate.rows import DatasetTable
from matdata.curate.stores import Piece
from matdata.store.arrow import TYPES, FieldOrder, array_of, common_type, flat_array, numbers_array
from matdata.store.cells import NUMBERS, TEXT, clean_column, is_flat
from matdata.store.nested import json_text
from matdata.store.spill import Spill
from matdata.store.structure_blocks import to_arrow

BLOCK_BYTES = 64 << 20
MOST_ROWS, LEAST_ROWS = 4096, 64  # of a block, which is a row group of the table's file


def rows_of_block(row_bytes: float) -> int:
    """Rows of a block: a power of two, at most `BLOCK_BYTES` if rows have this mean size."""
    rows = MOST_ROWS
    while rows > LEAST_ROWS and rows * row_bytes > BLOCK_BYTES:
        rows //= 2
    return rows


class _Column:
    """A source's column on its way: how it is set aside, and the type of what was kept of it."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._is_flat = is_flat(kind)
        self._type: pa.DataType | None = None
        self._order = FieldOrder()

    def add(self, cells: pa.Array | Sequence[Any] | None, kept: pa.Array, places: Int) -> pa.Array:
        """What is set aside of a piece: the cells that are kept, for places (k,) of the rows."""
        if cells is None:
            return pa.nulls(len(kept), TYPES[self._kind] if self._is_flat else pa.string())
        if not self._is_flat:
            return self._add_nested([cells[row] for row in kept.to_pylist()], places)
        array = cells if isinstance(cells, pa.Array) else flat_array(cells, self._kind)
        array = array.take(kept)
        if array.null_count < len(array):
            holds = self._kind != NUMBERS or len(array.flatten()) > 0
            of_piece = TYPES[self._kind] if holds else pa.list_(pa.null())
            self._type = common_type(self._type, of_piece)
        return array

    def _add_nested(self, cells: list[Any], places: Int) -> pa.Array:
        for cell, place in zip(cells, places.tolist(), strict=True):
            self._order.add(cell, place)
        if any(cell is not None for cell in cells):
            self._type = common_type(self._type, array_of(cells).type)
        return flat_array([None if cell is None else json_text(cell) for cell in cells], TEXT)

    @property
    def type(self) -> pa.DataType:
        """The type of the column in the dataset."""
        return pa.float64() if self._type is None else self._order.ordered(self._type)

    def restored(self, array: pa.Array) -> pa.Array:
        """What was set aside, as it is in the dataset."""
        if array.type == self.type:
            return array
        if array.null_count == len(array):
            return pa.nulls(len(array), self.type)
        cells = array.to_pylist()
        if not self._is_flat:  # else all that was kept are empty lists
            cells = [None if text is None else json.loads(text) for text in cells]
        return pa.array(cells, self.type)


class Gathering:
    """The rows of a curated dataset, in order.

    Parameters
    ----------
    table
        Columns of the dataset, and which records are its rows.
    folder
        An empty folder, for what is set aside.
    """

    def __init__(self, table: DatasetTable, folder: Path) -> None:
        self._table = table
        self._block = rows_of_block(table.records.store.row_bytes)
        kinds = table.records.store.kinds
        self._columns = {name: _Column(kinds[of]) for name, of in table.of_source.items()}
        self._own_types: dict[str, pa.DataType | None] = dict.fromkeys(table.own_names)
        self._spill = Spill(folder, len(table.rows), self._block)

    def collect(self) -> None:
        """Read all records, and set the rows of the dataset aside."""
        store, rows = self._table.records.store, self._table.rows
        places = np.full(len(store.ids), -1, dtype=np.int64)
        places[rows] = np.arange(len(rows))
        start = 0
        with self._spill:
            for piece in store.pieces():
                of_piece = places[start : start + len(piece.structures)]
                start += len(of_piece)
                kept = np.flatnonzero(of_piece >= 0)
                if len(kept):
                    self._spill.add(of_piece[kept], self._set_aside(piece, kept, of_piece[kept]))
        self._learn_own_types()

    def _learn_own_types(self) -> None:
        """Learn the types of matdata's own columns: a column has that of any of its values."""
        rows = self._table.rows
        for first in range(0, len(rows), self._block):
            unknown = [name for name, known in self._own_types.items() if known is None]
            own = self._table.own(rows[first : first + self._block], unknown)
            self._own_types |= {name: _type_of(cells) for name, cells in own.items()}

    def _set_aside(self, piece: Piece, kept: Int, places: Int) -> pa.Table:
        index = numbers_array(kept)
        columns = to_arrow(piece.structures.take(kept))
        for number, (name, column) in enumerate(self._columns.items()):
            cells = piece.cells.get(self._table.of_source[name])
            columns[str(number)] = column.add(cells, index, places)
        return pa.table(columns)

    def types(self) -> Mapping[str, pa.DataType]:
        """Types of the dataset's columns, in order."""
        types = {name: one or pa.float64() for name, one in self._own_types.items()}
        return types | {name: column.type for name, column in self._columns.items()}

    def blocks(self) -> Iterator[tuple[list[pa.Array], pa.Table]]:
        """Per block the columns in the order of `types`, and its structures in Arrow."""
        types = self.types()
        start = 0
        for block in self._spill.blocks():
            rows = self._table.rows[start : start + len(block)]
            start += len(block)
            own = self._table.own(rows, self._table.own_names)
            arrays = [_as_type(cells, types[name]) for name, cells in own.items()]
            for number, column in enumerate(self._columns.values()):
                arrays.append(column.restored(block.column(str(number)).combine_chunks()))
            yield arrays, block


def _type_of(cells: list[Any]) -> pa.DataType | None:
    """The type of own cells; None if there are none."""
    array = array_of(clean_column(cells))
    return None if array.null_count == len(array) else array.type


def _as_type(cells: list[Any], arrow_type: pa.DataType) -> pa.Array:
    array = array_of(clean_column(cells))
    return array if array.type == arrow_type else pa.nulls(len(array), arrow_type)
