"""Tables as Parquet: typed columns of any source, with units in the schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matdata.core.errors import MatdataError, StoreError, did_you_mean
from matdata.store.cells import clean_column

if TYPE_CHECKING:
    import pyarrow as pa

Columns = dict[str, list[Any]]
#: Key of a field's metadata: the column with the points where the numbers of its arrays stand.
AXIS = "axis"
ROWS_AT_ONCE = 4096  # of a table that is read by range


def table_of(
    columns: Mapping[str, Sequence[object]],
    units: Mapping[str, str] | None = None,
    metadata: Mapping[str, Mapping[str, str]] | None = None,
    about: Mapping[str, str] | None = None,
) -> pa.Table:
    """Columns, cleaned (`cells.clean_column`), as an Arrow table.

    Units and `metadata` go into the metadata of the fields, `about` into that of the table.
    """
    import pyarrow as pa

    from matdata.store.arrow import array_of

    arrays = {name: array_of(clean_column(values)) for name, values in columns.items()}
    types = {name: array.type for name, array in arrays.items()}
    return pa.Table.from_arrays(
        list(arrays.values()), schema=schema_of(types, units, metadata, about)
    )


def schema_of(
    types: Mapping[str, pa.DataType],
    units: Mapping[str, str] | None = None,
    metadata: Mapping[str, Mapping[str, str]] | None = None,
    about: Mapping[str, str] | None = None,
) -> pa.Schema:
    """The schema of a table; arguments as of `table_of`."""
    import pyarrow as pa

    fields = []
    for name, arrow_type in types.items():
        field_metadata = dict((metadata or {}).get(name, {}))
        if unit := (units or {}).get(name):
            field_metadata["unit"] = unit
        fields.append(pa.field(name, arrow_type, metadata=field_metadata or None))
    return pa.schema(fields, metadata=dict(about) if about else None)


def write_table(
    path: Path,
    columns: Mapping[str, Sequence[object]],
    units: Mapping[str, str] | None = None,
    metadata: Mapping[str, Mapping[str, str]] | None = None,
    about: Mapping[str, str] | None = None,
) -> None:
    """Write columns to a Parquet file; arguments as of `table_of`."""
    write_arrow(path, table_of(columns, units, metadata, about))


def write_arrow(path: Path, table: pa.Table) -> None:
    """Write an Arrow table to a Parquet file."""
    import pyarrow.parquet as pq

    pq.write_table(table, path)


def write_blocks(path: Path, schema: pa.Schema, blocks: Iterable[pa.Table]) -> None:
    """Write tables of one schema after another to a Parquet file, each as a row group."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, schema) as writer:
        for block in blocks:
            writer.write_table(block)


def read_table(path: Path) -> Columns:
    """Read a Parquet file as columns, None where a value is missing."""
    columns: Columns = read_arrow(path).to_pydict()
    return columns


def read_arrow(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a Parquet file, or those of some columns that it has, as an Arrow table."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:  # `read_table` imports pandas, and reads names of folders
        if columns is None:
            return file.read()
        names = [name for name in file.schema_arrow.names if name in columns]
        table = file.read(columns=names, use_threads=False)
        return table.select(names)


def read_rows(path: Path, names: Sequence[str], start: int, stop: int) -> Columns:
    """Rows `start` to `stop` of some columns, without the rest of the file in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        groups, before, first = [], 0, 0
        for group in range(file.num_row_groups):
            after = before + file.metadata.row_group(group).num_rows
            if after <= start:
                first = after
            elif before < stop:
                groups.append(group)
            before = after
        pieces: list[pa.Table] = []
        size = max(1, min(stop - start, ROWS_AT_ONCE))
        for batch in file.iter_batches(size, groups, list(names)):
            inside = slice(max(start - first, 0), min(stop - first, batch.num_rows))
            if inside.start < inside.stop:
                pieces.append(batch.slice(inside.start, inside.stop - inside.start))
            first += batch.num_rows
            if first >= stop:
                break
        schema = pa.schema([file.schema_arrow.field(name) for name in names])
    columns: Columns = pa.Table.from_batches(pieces, schema).to_pydict()
    return columns


def read_group(path: Path, row: int) -> tuple[int, pa.Table]:
    """The row group of a Parquet file that holds a row, and its first row."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        start = 0
        for group in range(file.num_row_groups):
            n_rows = file.metadata.row_group(group).num_rows
            if row < start + n_rows:
                return start, file.read_row_group(group)
            start += n_rows
    raise IndexError(f"row {row} of {start}")


def check_column(
    ref: str, names: Sequence[str], name: str, use: str = "", error: type[MatdataError] = StoreError
) -> None:
    """Refuse a column that a dataset's table does not have.

    Parameters
    ----------
    ref, names
        The dataset, and the columns that there are.
    name, use
        The column, and what it is needed for, as the message goes on (``" for 'dos'"``).
    error
        The error to raise, of the part that asks.

    Raises
    ------
    MatdataError
        If there is no such column, with the closest one.
    """
    if name not in names:
        raise error(
            f"{ref} has no column {name!r}{use}{did_you_mean(name, names)}",
            next_step=f"columns: {', '.join(names)}",
        )


def read_names(path: Path) -> list[str]:
    """Names of the columns of a Parquet file."""
    import pyarrow.parquet as pq

    return list(pq.read_schema(path).names)


def read_units(path: Path) -> dict[str, str]:
    """Units of the columns of a Parquet file, where they are known."""
    return _metadata_texts(path, b"unit")


def read_axes(path: Path) -> dict[str, str]:
    """Columns that hold the axes of array columns of a Parquet file, where they are known."""
    return _metadata_texts(path, AXIS.encode())


def _metadata_texts(path: Path, key: bytes) -> dict[str, str]:
    """What the metadata of fields say under a key, by name of the field."""
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    metadata = {name: schema.field(name).metadata or {} for name in schema.names}
    return {name: texts[key].decode() for name, texts in metadata.items() if key in texts}
