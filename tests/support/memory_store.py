"""Records of a curation that are in memory: what the parts of a snapshot are compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matdata.core.structures import Structures
from matdata.curate.stores import Piece, RecordPart, Str
from matdata.sources.snapshot import Snapshot
from matdata.store.arrow import array_of, content_bytes
from matdata.store.cells import ColumnKind, as_kind, clean_cells, clean_column
from matdata.store.tables import Columns

PART_ROWS = 500


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


def in_memory(snapshot: Snapshot) -> MemoryStore:
    """All records of a snapshot."""
    chunks = list(snapshot.chunks())
    structures = Structures.concat([chunk.structures for chunk in chunks])
    return MemoryStore(structures, _joined([chunk.table for chunk in chunks]))


def _joined(parts: Sequence[Mapping[str, Sequence[object]]]) -> Columns:
    """Join chunks of columns; a column that a chunk lacks is None there."""
    names = list(dict.fromkeys(name for part in parts for name in part))
    joined: Columns = {name: [] for name in names}
    for part in parts:
        rows = len(next(iter(part.values()), []))
        for name in names:
            joined[name].extend(part.get(name) or [None] * rows)
    return {name: clean_column(column) for name, column in joined.items()}
