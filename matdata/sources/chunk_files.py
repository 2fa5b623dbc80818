"""A chunk of a snapshot as a folder of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matdata.core import ledger
from matdata.core.digest import digest_json
from matdata.core.ledger import Reject
from matdata.core.structures import Structures
from matdata.sources.base import Chunk
from matdata.store import tables
from matdata.store.columns import read_structures, write_structures
from matdata.store.long_lists import digestible

if TYPE_CHECKING:
    import pyarrow as pa


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
    cells = table.to_pydict() if as_text else digestible(table)
    return [crystals, digest_json(cells), digest_json(rejects)]


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
