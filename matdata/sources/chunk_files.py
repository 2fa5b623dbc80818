"""A chunk of a snapshot as a folder of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from matdata.core import ledger
from matdata.core.digest import digest_arrays, digest_json
from matdata.core.documents import JsonObject
from matdata.core.ledger import Reject
from matdata.core.structures import Structures
from matdata.sources.base import Chunk
from matdata.store import tables
from matdata.store.columns import read_structures, write_structures

if TYPE_CHECKING:
    import pyarrow as pa

#: Numbers in the lists of a chunk's column from which its digest is that of their bytes.
LONG = 1 << 16


class ChunkWriter:
    """Writes a chunk, and takes the digests of what a reader of its files will get."""

    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk
        self.digests: list[str] = []

    def __call__(self, folder: Path) -> None:
        """Write the files of the chunk into a new folder."""
        folder.mkdir()
        chunk, rejects = self._chunk, ledger.to_columns(self._chunk.rejects)
        table = tables.table_of(chunk.table)
        tables.write_arrow(folder / "table.parquet", table)
        tables.write_table(folder / "ledger.parquet", rejects)
        structures = None if chunk.crystals is None else chunk.structures
        if structures is not None:
            write_structures(folder / "crystals.h5", structures)
        self.digests = chunk_digests(structures, table, rejects)


def chunk_digests(
    structures: Structures | None,
    table: pa.Table,
    rejects: Mapping[str, object],
    as_text: bool = False,
) -> list[str]:
    """Digests of crystals, table and rejects.

    Parameters
    ----------
    as_text
        Also of long lists the digest of their JSON, as it was taken at first.
    """
    crystals = structures.digest() if structures is not None else ""
    long = {} if as_text else long_lists(table)
    cells = {**table.drop_columns(list(long)).to_pydict(), **long}
    return [crystals, digest_json(cells), digest_json(rejects)]


def long_lists(table: pa.Table) -> dict[str, JsonObject]:
    """By column of many numbers in lists, such as spectra, what stands for them in a digest.

    Their shortest decimal texts take a microsecond each; short ones have them all the same, since
    what is stored already is known by that digest.
    """
    import pyarrow as pa

    found: dict[str, JsonObject] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if not (pa.types.is_list(column.type) and pa.types.is_floating(column.type.value_type)):
            continue
        lists = column.combine_chunks()
        lists = lists.chunk(0) if isinstance(lists, pa.ChunkedArray) else lists
        numbers = lists.flatten()
        if len(numbers) >= LONG:
            found[name] = {"lists": digest_arrays(_arrays_of(lists, numbers))}
    return found


def _arrays_of(lists: pa.ListArray, numbers: pa.Array) -> dict[str, npt.NDArray[Any]]:
    """Lengths of lists, -1 where there is none, and their numbers, 0 where one is missing."""
    lengths = lists.value_lengths().fill_null(-1).to_numpy(zero_copy_only=False)
    return {
        "lengths": lengths.astype(np.int64),
        "known": np.packbits(numbers.is_valid().to_numpy(zero_copy_only=False)),
        "numbers": numbers.fill_null(0.0).to_numpy(zero_copy_only=False).astype(np.float64),
    }


def read_chunk(folder: Path) -> Chunk:
    """All that is in a chunk."""
    table = tables.read_table(folder / "table.parquet")
    rejects = read_rejects(folder)
    structures = read_chunk_structures(folder, table["material_id"])
    if structures is None:
        return Chunk(None, table, rejects)
    rows = None if structures.is_complete else structures.rows
    return Chunk(structures.crystals, table, rejects, rows)


def read_chunk_table(folder: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The table of a chunk in Arrow, or those of some columns that it has."""
    return tables.read_arrow(folder / "table.parquet", columns)


def read_chunk_structures(folder: Path, ids: Sequence[str]) -> Structures | None:
    """The structures of a chunk with these ids (n,); None in a source of compositions."""
    path = folder / "crystals.h5"
    return read_structures(path, ids) if path.exists() else None


def read_rejects(folder: Path) -> list[Reject]:
    """The records of a chunk that could not be read."""
    return ledger.from_columns(tables.read_table(folder / "ledger.parquet"))
