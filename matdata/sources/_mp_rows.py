"""Rows of the open data's Parquet files as the documents that the API would send."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matdata.core.cache import storage_error
from matdata.core.errors import SourceError
from matdata.sources._mp_bucket import Collection

AGAIN = "run the same command again; if it stays so, read it through the API, without --bulk"


class Documents:
    """Documents of a collection by material id.

    Rows stand in any order in many files, and are wanted in the order of their ids: the columns
    that are needed are laid out on disk once, uncompressed, and mapped into memory.

    Parameters
    ----------
    collection
        What the files are.
    paths
        The files, in the order of the collection's parts.
    columns
        Top-level columns that are wanted.
    scratch
        Folder for the laid out columns; removed by who made it.

    Raises
    ------
    SourceError
        If a file holds another number of rows than the table's log says.
    StoreError
        If the disk is full.
    """

    def __init__(
        self, collection: Collection, paths: Sequence[Path], columns: Sequence[str], scratch: Path
    ) -> None:
        self._tables = []
        for number, (part, path) in enumerate(zip(collection.parts, paths, strict=True)):
            target = scratch / f"{collection.name}-{number:05d}.arrow"
            table = _laid_out(path, columns, target)
            if table.num_rows != part.rows:
                raise SourceError(
                    f"{part.key} holds {table.num_rows:,} rows, "
                    f"the table's log counts {part.rows:,}",
                    cause="the file was replaced while it was read",
                    next_step=AGAIN,
                )
            self._tables.append(table)

    def column(self, path: str) -> list[tuple[int, int, Any]]:
        """File, row and value of a column (``a.b`` is a field of a struct) of all rows."""
        import pyarrow.compute as pc

        name, _, field = path.partition(".")
        found: list[tuple[int, int, Any]] = []
        for number, table in enumerate(self._tables):
            if name not in table.column_names:
                values = [None] * table.num_rows
            else:
                column = table[name]
                values = (pc.struct_field(column, field) if field else column).to_pylist()
            found += [(number, row, value) for row, value in enumerate(values)]
        return found

    def read(self, places: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
        """The documents at these places (file, row), in this order."""
        found: dict[tuple[int, int], dict[str, Any]] = {}
        for number in sorted({file for file, _ in places}):
            rows = [row for file, row in places if file == number]
            taken = _documents(self._tables[number].take(rows))
            found |= {(number, row): one for row, one in zip(rows, taken, strict=True)}
        return [found[place] for place in places]


def _documents(table: Any) -> list[dict[str, Any]]:
    """Rows as dictionaries; what Arrow calls a map is an object of JSON."""
    import pyarrow as pa

    maps = [field.name for field in table.schema if pa.types.is_map(field.type)]
    rows: list[dict[str, Any]] = table.to_pylist()
    for row in rows:
        row |= {name: dict(row[name]) for name in maps if row[name] is not None}
    return rows


def _laid_out(path: Path, columns: Sequence[str], target: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        names = [name for name in columns if name in file.schema_arrow.names]
        table = file.read(columns=names).combine_chunks()
    except (pa.ArrowException, ValueError) as error:
        raise SourceError(
            f"{path} is no readable Parquet file: {error}",
            cause="the file is of another kind than the table's log says",
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
    """Where each material id stands.

    Raises
    ------
    SourceError
        If an id stands twice.
    """
    rows = documents.column("material_id")
    found = {str(value): (file, row) for file, row, value in rows}
    if len(found) != len(rows):
        raise SourceError(
            f"{collection.name} of the open data holds {len(rows):,} documents and "
            f"{len(found):,} different ids",
            cause="the table is just being written",
            next_step=AGAIN,
        )
    return found
