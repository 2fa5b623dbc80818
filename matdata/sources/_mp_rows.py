"""Rows of the open data's Parquet files as the documents that the API would send."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matdata.core.cache import storage_error
from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError
from matdata.sources._mp_bucket import Collection

AGAIN = "run the same command again; if that fails, too, read it through the API, without --bulk"


class Documents:
    """Documents of a collection by material id.

    Rows are in any order in many files, but are needed in the order of their ids: the needed
    columns are written to disk once, uncompressed, and mapped into memory.

    Parameters
    ----------
    collection
        The collection of the files.
    paths
        The files, in the order of the collection's parts.
    columns
        Top-level columns to read.
    scratch
        Folder for the uncompressed columns; removed by its creator.

    Raises
    ------
    SourceError
        If a file holds another number of rows than the table's log states.
    StoreError
        If the disk is full.
    """

    def __init__(
        self, collection: Collection, paths: Sequence[Path], columns: Sequence[str], scratch: Path
    ) -> None:
        self._tables = []
        for number, (part, path) in enumerate(zip(collection.parts, paths, strict=True)):
            target = scratch / f"{collection.name}-{number:05d}.arrow"
            table = _memory_mapped(path, columns, target)
            if table.num_rows != part.rows:
                raise SourceError(
                    f"{part.key} holds {table.num_rows:,} rows, "
                    f"the table's log counts {part.rows:,}",
                    cause="the file was replaced while it was read",
                    next_step=AGAIN,
                )
            self._tables.append(table)

    def column(self, path: str) -> list[tuple[int, int, Any]]:
        """File, row and value of all cells of a column (``a.b`` is a field of a struct)."""
        import pyarrow.compute as pc

        name, _, field = path.partition(".")
        cells: list[tuple[int, int, Any]] = []
        for number, table in enumerate(self._tables):
            if name not in table.column_names:
                values = [None] * table.num_rows
            else:
                column = table[name]
                values = (pc.struct_field(column, field) if field else column).to_pylist()
            cells += [(number, row, value) for row, value in enumerate(values)]
        return cells

    def read(self, positions: Sequence[tuple[int, int]]) -> list[JsonObject]:
        """The documents at these positions (file, row), in this order."""
        by_position: dict[tuple[int, int], JsonObject] = {}
        for number in sorted({file for file, _ in positions}):
            rows = [row for file, row in positions if file == number]
            documents = _documents(self._tables[number].take(rows))
            by_position |= {
                (number, row): document for row, document in zip(rows, documents, strict=True)
            }
        return [by_position[position] for position in positions]


def _documents(table: Any) -> list[JsonObject]:
    """Rows as dictionaries; an Arrow map becomes a JSON object."""
    import pyarrow as pa

    maps = [field.name for field in table.schema if pa.types.is_map(field.type)]
    rows: list[JsonObject] = table.to_pylist()
    for row in rows:
        row |= {name: dict(row[name]) for name in maps if row[name] is not None}
    return rows


def _memory_mapped(path: Path, columns: Sequence[str], target: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        names = [name for name in columns if name in file.schema_arrow.names]
        table = file.read(columns=names).combine_chunks()
    except (pa.ArrowException, ValueError) as error:
        raise SourceError(
            f"{path} is not a readable Parquet file: {error}",
            cause="the file is of another kind than the table's log states",
            next_step=f"remove it and {AGAIN}",
        ) from error
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    except OSError as error:
        raise storage_error(error, target) from error
    return pa.ipc.open_file(pa.memory_map(str(target))).read_all()


def by_id(documents: Documents, collection: Collection) -> dict[str, tuple[int, int]]:
    """File and row of each material id.

    Raises
    ------
    SourceError
        If an id occurs twice.
    """
    rows = documents.column("material_id")
    positions = {str(value): (file, row) for file, row, value in rows}
    if len(positions) != len(rows):
        raise SourceError(
            f"{collection.name} of the open data holds {len(rows):,} documents and "
            f"{len(positions):,} different ids",
            cause="the table is being written",
            next_step=AGAIN,
        )
    return positions
