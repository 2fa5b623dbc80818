"""Prepared columns of a feature for many materials, and the gather of some of them.

No torch here: the same columns serve NumPy batches, and tensors that share their memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matdata.core.crystals import Array, DType, Int, Ragged, offsets_of
from matdata.features.base import CRYSTAL, BatchColumns, Column
from matdata.load.gather import gather_entries, gather_rows

Allocate = Callable[[tuple[int, ...], DType], Array]
#: Types that torch cannot index, and those of the same bits that it can.
SIGNED = {"uint16": "int16", "uint32": "int32", "uint64": "int64", "bool": "uint8"}


@dataclass(frozen=True)
class Place:
    """Where a field lies: a block, its columns there, and the shape of an entry."""

    block: int
    columns: slice | int | None
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """Which fields share an array: those of one level and one type lie side by side.

    Attributes
    ----------
    levels
        Level of each block.
    dtypes, shapes
        Type and inner shape of each block. Unsigned integers lie as signed ones of the same bits.
    places
        Where each field is.
    """

    levels: tuple[str, ...]
    dtypes: tuple[DType, ...]
    shapes: tuple[tuple[int, ...], ...]
    places: Mapping[str, Place]

    @classmethod
    def of(cls, prepared: BatchColumns) -> Layout:
        """The layout of some columns."""
        groups: dict[tuple[str, DType, str], list[str]] = {}
        for name, (level, column) in prepared.items():
            values = _values(column)
            dtype = np.dtype(SIGNED.get(values.dtype.name, values.dtype))
            alone = name if values.ndim > 2 else ""
            groups.setdefault((level, dtype, alone), []).append(name)
        places: dict[str, Place] = {}
        shapes = []
        for block, names in enumerate(groups.values()):
            inner = {name: _values(prepared[name][1]).shape[1:] for name in names}
            shapes.append(_side_by_side(block, inner, places))
        keys = list(groups)
        return cls(tuple(k[0] for k in keys), tuple(k[1] for k in keys), tuple(shapes), places)

    def ragged(self) -> tuple[str, ...]:
        """Names of the ragged levels."""
        return tuple(dict.fromkeys(level for level in self.levels if level != CRYSTAL))

    def entry_bytes(self, block: int) -> int:
        """Bytes of one entry of a block."""
        return int(self.dtypes[block].itemsize * np.prod(self.shapes[block], dtype=np.int64))


def _side_by_side(
    block: int, inner: Mapping[str, tuple[int, ...]], places: dict[str, Place]
) -> tuple[int, ...]:
    """Give each field its columns; returns the inner shape of the block."""
    if len(inner) == 1:
        ((name, shape),) = inner.items()
        places[name] = Place(block, None, shape)
        return shape
    start = 0
    for name, shape in inner.items():
        width = shape[0] if shape else 1
        columns = slice(start, start + width) if shape else start
        places[name] = Place(block, columns, shape)
        start += width
    return (start,)


def _values(column: Column) -> Array:
    return column.values if isinstance(column, Ragged) else column


@dataclass(frozen=True, eq=False)
class Columns:
    """Fields of `size` materials.

    Attributes
    ----------
    layout
        Which fields lie in which block.
    blocks
        An array per block, materials one after another.
    offsets
        For each ragged level where materials begin, (size + 1,) int64.
    size
        Number of materials.
    """

    layout: Layout
    blocks: Sequence[Array]
    offsets: Mapping[str, Int]
    size: int

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(a.nbytes for a in (*self.blocks, *self.offsets.values()))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the fields."""
        return tuple(self.layout.places)

    def field(self, name: str) -> Array:
        """Values of a field, a view: (sum of entries, *shape)."""
        place = self.layout.places[name]
        block = self.blocks[place.block]
        return block if place.columns is None else block[:, place.columns]

    def take(self, rows: Int, allocate: Allocate = np.empty) -> Columns:
        """Some materials, in the order given; `allocate` makes the arrays."""
        gathered: dict[str, tuple[Int, Int]] = {}
        for level, offsets in self.offsets.items():
            starts = offsets[rows]
            gathered[level] = starts, offsets_of(offsets[rows + 1] - starts)
        blocks = []
        for level, source in zip(self.layout.levels, self.blocks, strict=True):
            ragged = level != CRYSTAL
            length = int(gathered[level][1][-1]) if ragged else len(rows)
            target = allocate((length, *source.shape[1:]), source.dtype)
            if ragged:
                gather_entries(source, *gathered[level], target)
            else:
                gather_rows(source, rows, target)
            blocks.append(target)
        ends = {level: out for level, (_, out) in gathered.items()}
        return Columns(self.layout, blocks, ends, len(rows))


def join(parts: Sequence[Columns]) -> Columns:
    """Materials of several columns, one after another."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    blocks = [np.concatenate(blocks) for blocks in zip(*(p.blocks for p in parts), strict=True)]
    offsets = {}
    for level in first.offsets:
        lengths = np.concatenate([np.diff(part.offsets[level]) for part in parts])
        offsets[level] = offsets_of(lengths)
    return Columns(first.layout, blocks, offsets, sum(part.size for part in parts))


class Builder:
    """Grows columns piece by piece, so that they are in memory once.

    Parameters
    ----------
    size
        Materials that are expected.
    """

    SPARE = 1.02  # entries beyond what the first piece suggests

    def __init__(self, size: int) -> None:
        self.size = size
        self._layout: Layout | None = None
        self._blocks: list[Array] = []
        self._used: list[int] = []
        self._offsets: dict[str, Int] = {}
        self._done = 0

    def add(self, prepared: BatchColumns, count: int) -> None:
        """Append `count` materials.

        Raises
        ------
        ValueError
            If shapes or types differ from those of the materials before.
        """
        layout = Layout.of(prepared)
        if self._layout is None:
            self._begin(layout, prepared, count)
        elif layout != self._layout:
            raise ValueError("the columns have another shape than those of the materials before")
        for level in layout.ragged():
            column = next(own for place, own in prepared.values() if place == level)
            assert isinstance(column, Ragged)
            ends = self._offsets[level]
            ends[self._done + 1 : self._done + count + 1] = column.offsets[1:] + ends[self._done]
        for name, (_, column) in prepared.items():
            self._write(layout.places[name], _values(column))
        for block, level in enumerate(layout.levels):
            end = self._done + count
            self._used[block] = end if level == CRYSTAL else int(self._offsets[level][end])
        self._done += count

    def finish(self) -> Columns:
        """What was gathered."""
        assert self._layout is not None, "at least one piece"
        for block, used in zip(self._blocks, self._used, strict=True):
            block.resize((used, *block.shape[1:]), refcheck=False)
        return Columns(self._layout, self._blocks, self._offsets, self._done)

    def _begin(self, layout: Layout, prepared: BatchColumns, count: int) -> None:
        self._layout = layout
        self._offsets = {level: np.zeros(self.size + 1, np.int64) for level in layout.ragged()}
        lengths = {}
        for level, column in prepared.values():
            lengths[level] = len(_values(column))
        share = self.size / max(count, 1)
        for level, dtype, shape in zip(layout.levels, layout.dtypes, layout.shapes, strict=True):
            exact = level == CRYSTAL or share == 1
            guess = lengths[level] * share * (1.0 if exact else self.SPARE)
            self._blocks.append(np.empty((int(guess), *shape), dtype))
            self._used.append(0)

    def _write(self, place: Place, values: Array) -> None:
        block, first = self._blocks[place.block], self._used[place.block]
        needed = first + len(values)
        if needed > len(block):
            # realloc moves pages of large arrays and does not copy them
            block.resize((int(needed * self.SPARE), *block.shape[1:]), refcheck=False)
        target = block if place.columns is None else block[:, place.columns]
        target[first:needed] = values.view(SIGNED.get(values.dtype.name, values.dtype))
