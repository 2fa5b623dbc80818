"""The records of a snapshot as curation reads them: part by part, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matdata.core.crystals import Int, as_ids, offsets_of
from matdata.core.ledger import Reject
from matdata.core.structures import Structures
from matdata.curate.coercion import as_numbers, numbers_of_texts
from matdata.curate.stores import Piece, RecordPart
from matdata.sources.chunk_files import read_chunk_structures, read_chunk_table, read_rejects
from matdata.sources.snapshot import Snapshot
from matdata.spectra.brought import Brought, brought
from matdata.store.arrow import as_kind_array, content_bytes, flat_array, learn, lists_of
from matdata.store.cells import FLOAT, JSON, TEXT, ColumnKind, as_kind, is_flat
from matdata.store.columns import read_structure_rows

#: Column that every curation reads, kept from the first pass over the parts.
DEPRECATED = "deprecated"


@dataclass(frozen=True)
class SnapshotPart:
    """A chunk of a snapshot, which a worker reads from its files."""

    folder: Path

    def read(self) -> tuple[Structures, Sequence[str | None]]:
        """Structures and formulas."""
        columns = read_chunk_table(self.folder, ("material_id", "formula")).to_pydict()
        ids = columns["material_id"]
        structures = read_chunk_structures(self.folder, ids)
        return structures or Structures.none(ids), columns.get("formula", [])


class SnapshotRecords:
    """The records of a snapshot; a first pass over its parts learns ids and kinds of columns.

    Parameters
    ----------
    snapshot
        The snapshot; the files of each part are compared with their digests.
    numeric
        Columns that become numbers where most of their texts are (`matdata.curate.coercion`).
    kept
        Columns to keep in memory from the first pass.

    Attributes
    ----------
    rejects
        Records that could not be read.
    notes
        Per column of `numeric` with texts that are no numbers what a user must know.
    row_bytes
        Mean size of the source's columns per record.
    """

    def __init__(
        self, snapshot: Snapshot, numeric: Sequence[str] = (), kept: Sequence[str] = ()
    ) -> None:
        self._folders = [snapshot.checked(part) for part in snapshot.parts]
        self._arrays: dict[str, pa.Array] = {}
        self._texts: dict[str, str] = {}  # kinds of columns that became numbers
        self.rejects: list[Reject] = []
        self.notes: list[str] = []
        self._survey({DEPRECATED, *numeric, *kept})
        self.table: Mapping[str, Sequence[Any]] = _Columns(self)
        for name in dict.fromkeys(numeric):
            self._coerce(name)

    def _survey(self, kept: set[str]) -> None:
        kinds: dict[str, ColumnKind] = {}
        ids, present, pieces, total = [], [], [], 0
        for folder in self._folders:
            arrays = _arrays(read_chunk_table(folder))
            for name, array in arrays.items():
                learn(kinds.setdefault(name, ColumnKind()), array)
            total += sum(map(content_bytes, arrays.values()))
            ids.append(as_ids(arrays["material_id"].to_pylist()))
            present.append(_has_structure(folder, len(ids[-1])))
            pieces.append({name: arrays[name] for name in kept & {*arrays}})
            self.rejects += read_rejects(folder)
        self.ids = np.concatenate(ids)
        self.present = np.concatenate(present)
        self.kinds = {name: kind.settled for name, kind in kinds.items()}
        self._lengths = [len(part) for part in ids]
        self.row_bytes = total / max(len(self.ids), 1)
        for name in kept & {*kinds}:
            if is_flat(self.kinds[name]):
                self._arrays[name] = self._joined(name, [piece.get(name) for piece in pieces])

    def _joined(self, name: str, pieces: Sequence[pa.Array | None]) -> pa.Array:
        kind = self.kinds[name]
        return pa.concat_arrays(
            [
                as_kind_array(pa.nulls(length) if piece is None else piece, kind)
                for piece, length in zip(pieces, self._lengths, strict=True)
            ]
        )

    def _coerce(self, name: str) -> None:
        kind = self.kinds.get(name)
        if kind not in (TEXT, JSON):
            return
        coerced = as_numbers(name, self.array(name).to_pylist(), self.ids.tolist())
        if coerced is None:
            return
        self.notes += coerced.notes
        self.kinds[name], self._texts[name] = FLOAT, kind
        self._arrays[name] = flat_array(coerced.numbers, FLOAT)

    def array(self, name: str) -> pa.Array:
        """A column that is not nested, in Arrow, (n,); kept once it was read."""
        if name not in self._arrays:
            pieces = []
            for folder in self._folders:
                pieces.append(_arrays(read_chunk_table(folder, (name,))).get(name))
            self._arrays[name] = self._joined(name, pieces)
        return self._arrays[name]

    def cells(self, name: str) -> list[Any]:
        """A column as cells, (n,)."""
        if is_flat(self.kinds[name]):
            return list(self.array(name).to_pylist())
        cells: list[Any] = []
        for folder, length in zip(self._folders, self._lengths, strict=True):
            array = _arrays(read_chunk_table(folder, (name,))).get(name)
            column = [None] * length if array is None else array.to_pylist()
            cells += as_kind(column, self.kinds[name])
        return cells

    def parts(self) -> Iterator[RecordPart]:
        """All records, in order."""
        return map(SnapshotPart, self._folders)

    def pieces(self) -> Iterator[Piece]:
        """All records, in order."""
        for folder in self._folders:
            arrays = _arrays(read_chunk_table(folder))
            ids = arrays["material_id"].to_pylist()
            cells = {name: self._in_kind(name, array) for name, array in arrays.items()}
            yield Piece(read_chunk_structures(folder, ids) or Structures.none(ids), cells)

    def _in_kind(self, name: str, array: pa.Array) -> pa.Array | list[Any]:
        kind = self.kinds[name]
        if name in self._texts:
            texts = as_kind_array(array, self._texts[name]).to_pylist()
            return flat_array(numbers_of_texts(texts), FLOAT)
        return as_kind_array(array, kind) if is_flat(kind) else as_kind(array.to_pylist(), kind)

    def spectra(
        self, axis_of: Mapping[str, str], names: Mapping[str, str], units: Mapping[str, str]
    ) -> Iterator[Brought]:
        """Arrays on axes, by the place of the record.

        Parameters
        ----------
        axis_of
            By column its axis.
        names
            By column its name in the dataset.
        units
            Units by name in the dataset.
        """
        columns = tuple(dict.fromkeys([*axis_of.values(), *axis_of]))
        pairs = {names[one]: names[axis] for one, axis in axis_of.items()}
        start = 0
        for folder, length in zip(self._folders, self._lengths, strict=True):
            arrays = _arrays(read_chunk_table(folder, columns))
            cells = {names[name]: lists_of(array) for name, array in arrays.items()}
            yield from brought(range(start, start + length), cells, pairs, units)
            start += length

    def structures_of(self, rows: Int) -> Structures:
        """Structures of some records (k,), in that order."""
        order = np.argsort(rows, kind="stable")
        bounds = offsets_of(self._lengths)
        part_of = np.searchsorted(bounds, rows[order], side="right") - 1
        taken = []
        for part in np.unique(part_of).tolist():
            structures, _ = SnapshotPart(self._folders[part]).read()
            taken.append(structures.take(rows[order][part_of == part] - bounds[part]))
        joined = Structures.concat(taken) if taken else Structures.none([])
        return joined.take(np.argsort(order, kind="stable"))


class _Columns(Mapping[str, Sequence[Any]]):
    """Columns of a snapshot, each read when it is asked for."""

    def __init__(self, records: SnapshotRecords) -> None:
        self._records = records

    def __iter__(self) -> Iterator[str]:
        return iter(self._records.kinds)

    def __len__(self) -> int:
        return len(self._records.kinds)

    def __getitem__(self, name: str) -> Sequence[Any]:
        if name not in self._records.kinds:
            raise KeyError(name)
        return self._records.cells(name)


def _arrays(table: pa.Table) -> dict[str, pa.Array]:
    """The columns of a chunk's table by name."""
    columns = zip(table.column_names, table.itercolumns(), strict=True)
    return {name: column.combine_chunks() for name, column in columns}


def _has_structure(folder: Path, n: int) -> npt.NDArray[np.bool_]:
    """Which of the n records of a chunk have a structure."""
    path = folder / "crystals.h5"
    if not path.exists():
        return np.zeros(n, dtype=np.bool_)
    rows = read_structure_rows(path)
    if rows is None:
        return np.ones(n, dtype=np.bool_)
    present = np.zeros(n, dtype=np.bool_)
    present[rows] = True
    return present
