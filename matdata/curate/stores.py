"""Where the records of a curation are: read part by part, or column by column.

Decisions need few columns of all records; structures and whole tables are read part by part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matdata.core.structures import Structures
from matdata.store.arrow import array_of, content_bytes
from matdata.store.cells import ColumnKind, as_kind, clean_cells, clean_column

Str = npt.NDArray[np.str_]
PART_ROWS = 500  # records per task of a worker, and per part of records in memory


class RecordPart(Protocol):
    """Some records, which a worker can read; it can be pickled."""

    def read(self) -> tuple[Structures, Sequence[str | None]]:
        """Their structures, and by record the formula where there is no structure."""
        ...


class Piece(NamedTuple):
    """Some records as they enter a dataset.

    Attributes
    ----------
    structures
        Of the n records.
    cells
        By column of the source n clean cells in the kind of the whole column: an Arrow array, or
        a list for nested cells. A column that no record of the piece has is missing.
    """

    structures: Structures
    cells: Mapping[str, pa.Array | list[Any]]


class RecordStore(Protocol):
    """Records in a fixed order."""

    @property
    def ids(self) -> Str:
        """Material ids, (n,)."""
        ...

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """Which records have a structure, (n,)."""
        ...

    @property
    def kinds(self) -> Mapping[str, str]:
        """By column of the source its kind (`matdata.store.cells`), in the source's order."""
        ...

    @property
    def table(self) -> Mapping[str, Sequence[Any]]:
        """Columns of the source; one is read when it is asked for."""
        ...

    @property
    def row_bytes(self) -> float:
        """Mean size of the source's columns per record."""
        ...

    def array(self, name: str) -> pa.Array:
        """A column that is not nested, in Arrow, (n,)."""
        ...

    def parts(self) -> Iterator[RecordPart]:
        """All records, in order."""
        ...

    def pieces(self) -> Iterator[Piece]:
        """All records, in order."""
        ...

    def structures_of(self, rows: npt.NDArray[np.int64]) -> Structures:
        """Structures of some records (k,), in that order."""
        ...


@dataclass(frozen=True)
class MemoryPart:
    """Records that are in memory."""

    structures: Structures
    formulas: Sequence[str | None]

    def read(self) -> tuple[Structures, Sequence[str | None]]:
        """Structures and formulas."""
        return self.structures, self.formulas


@dataclass(frozen=True)
class MemoryStore:
    """Records in memory.

    Attributes
    ----------
    structures
        Structures of the n records that have one.
    table
        Columns, ``material_id`` among them, and ``formula`` where a structure is missing.
    """

    structures: Structures
    table: Mapping[str, Sequence[Any]]

    @property
    def ids(self) -> Str:
        """Material ids, (n,)."""
        return np.asarray(self.table["material_id"], dtype=np.str_)

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """Which records have a structure, (n,)."""
        return self.structures.present

    @property
    def kinds(self) -> Mapping[str, str]:
        """By column its kind."""
        return {name: kind_of_cells(column) for name, column in self.table.items()}

    @property
    def row_bytes(self) -> float:
        """Mean size of the columns per record."""
        size = sum(content_bytes(self.array(name)) for name in self.table)
        return size / max(len(self.structures), 1)

    def array(self, name: str) -> pa.Array:
        """A column in Arrow, (n,)."""
        return array_of(clean_column(self.table[name]))

    def parts(self) -> Iterator[RecordPart]:
        """All records, in order."""
        formulas = self.table.get("formula", [None] * len(self.structures))
        for start in range(0, len(self.structures), PART_ROWS):
            part = slice(start, start + PART_ROWS)
            yield MemoryPart(self.structures.take(part), formulas[part])

    def pieces(self) -> Iterator[Piece]:
        """All records, in order."""
        kinds = self.kinds
        cells = {
            name: as_kind(clean_cells(column), kinds[name]) for name, column in self.table.items()
        }
        yield Piece(self.structures, cells)

    def structures_of(self, rows: npt.NDArray[np.int64]) -> Structures:
        """Structures of some records (k,), in that order."""
        return self.structures.take(rows)


def kind_of_cells(column: Sequence[Any]) -> str:
    """The kind that a column in memory settles in."""
    kind = ColumnKind()
    kind.add(clean_cells(column))
    return kind.settled
