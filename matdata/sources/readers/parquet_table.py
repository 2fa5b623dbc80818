"""Reader of Parquet files: rows as documents, batch by batch, each column as what it says it is.

Memory is bounded by a batch, whatever the size of a row group: pages are read as a stream, and
columns of text stay dictionaries until a row is taken out.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError
from matdata.sources.limits import CHUNK_ROWS, MAX_COLUMNS, MAX_RECORD, MIB, require_plausible
from matdata.sources.readers.base import DAMAGED, LABEL, LEFT_OUT, Record
from matdata.sources.readers.csv_table import check_names
from matdata.sources.readers.file_metadata import FileMetadata, accepted
from matdata.sources.readers.json_tables import document
from matdata.sources.readers.json_text import sized_item
from matdata.sources.readers.opening import COMPRESSED, open_plain
from matdata.sources.readers.site_columns import with_structure

#: pandas' name for the labels of rows that have no name of their own.
INDEX = re.compile(r"__index_level_\d+__")
#: Keys of a field's metadata.
UNIT, AXIS = "unit", "axis"
BATCH_BYTES = 32 * MIB  # of decoded columns, by what the file says of its rows
PAGE_BYTES = MIB  # read from the disk at a time, per column


def read_parquet(path: Path) -> Iterator[Record]:
    """Rows of a Parquet file; nested columns are documents and lists, as in JSON.

    Decimals are read as the nearest float64, times as ISO 8601 text, dictionaries as their
    values, bytes as text where they are UTF-8. Cells that are none of a table (other bytes, maps)
    are left out; `left_out` names the columns.

    Raises
    ------
    SourceError
        If the file is compressed as a whole, damaged, unpacks to far more than its size, or has
        too many or ambiguous columns.
    """
    with _opened(path) as file:
        reader = _Columns(file.schema_arrow)
        for batch in file.iter_batches(batch_size=_rows_of_batch(file.metadata)):
            batch.validate(full=True)  # of a damaged file, texts and places need not be any
            yield from reader.records(batch)


def column_names_of(path: Path) -> list[str]:
    """Names of the columns, without those of nameless labels; raises as `read_parquet`."""
    with _opened(path) as file:
        return [name for name in file.schema_arrow.names if not INDEX.fullmatch(name)]


def left_out(path: Path) -> list[str]:
    """Columns whose type is none of a table, with the type; raises as `read_parquet`."""
    with _opened(path) as file:
        return [f"{one.name} ({one.type})" for one in file.schema_arrow if not _is_read(one.type)]


def metadata_of(path: Path) -> FileMetadata:
    """Metadata of the file and of its columns; raises as `read_parquet`."""
    with _opened(path) as file:
        schema = file.schema_arrow
        of_fields = {field.name: _texts(field.metadata) for field in schema}
        units, axes = (
            {name: texts[key] for name, texts in of_fields.items() if key in texts}
            for key in (UNIT, AXIS)
        )
        return accepted(units, axes, _texts(schema.metadata))


def _texts(metadata: dict[bytes, bytes] | None) -> dict[str, str]:
    return {
        key.decode(errors="replace"): text.decode(errors="replace")
        for key, text in (metadata or {}).items()
    }


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import pyarrow.parquet as pq

    if path.suffix.lower() in COMPRESSED:
        raise SourceError(
            f"{path} is a Parquet file that was compressed as a whole",
            cause="Parquet is read from its end, and has compression of its own",
            next_step=f"unpack it (`gunzip -k {path.name}`) and build that file",
        )
    with open_plain(path) as source, parquet_damage(path):
        options: JsonObject = {
            "buffer_size": PAGE_BYTES,
            "pre_buffer": False,
            "page_checksum_verification": True,
        }
        file = pq.ParquetFile(source, **options)
        _check_sizes(path, file)
        texts = [one.name for one in file.schema_arrow if _is_text(one.type)]
        if texts:
            source.seek(0)
            file = pq.ParquetFile(source, read_dictionary=texts, **options)
        yield file


@contextlib.contextmanager
def parquet_damage(path: Path) -> Iterator[None]:
    """Raise what Arrow says of a damaged file as a `SourceError` that names it."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError, LookupError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise SourceError(f"{path} cannot be read: {error.strerror}") from error
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> SourceError:
    return SourceError(
        f"{path} is no readable Parquet file: {' '.join(str(error).split())[:200]}",
        cause="a truncated download or copy, a changed byte, or a file of another kind",
        next_step="compare it with the original, or download the file again",
    )


def _check_sizes(path: Path, file: Any) -> None:
    metadata = file.metadata
    if metadata.num_columns > MAX_COLUMNS:
        raise SourceError(
            f"{path} has more than {MAX_COLUMNS:,} columns",
            cause="a matrix, or ids and labels used as keys",
        )
    check_names(file.schema_arrow.names, str(path))
    packed = path.stat().st_size
    # Of groups alone: a column's record of a damaged footer ends the process (pyarrow 26).
    for number in range(metadata.num_row_groups):
        unpacked = metadata.row_group(number).total_byte_size
        require_plausible(path, unpacked, packed, "write it again without compression")


def _rows_of_batch(metadata: Any) -> int:
    """Rows of a batch whose decoded columns are near `BATCH_BYTES`."""
    rows = CHUNK_ROWS
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        bytes_of_row = group.total_byte_size // max(group.num_rows, 1) + 1
        rows = min(rows, BATCH_BYTES // bytes_of_row)
    return max(rows, 1)


class _Columns:
    """Turns batches into records.

    Parameters
    ----------
    schema
        The Arrow schema of the file.
    """

    def __init__(self, schema: Any) -> None:
        self._names = [one.name for one in schema if _is_read(one.type)]
        self._unread = [one.name for one in schema if not _is_read(one.type)]
        self._index = [name for name in self._names if INDEX.fullmatch(name)]

    def records(self, batch: Any) -> Iterator[Record]:
        """The rows of a batch."""
        columns = {name: _values_of(batch.column(name)) for name in self._names}
        for row in range(batch.num_rows):
            yield self._record({name: value_at(row) for name, value_at in columns.items()})

    def _record(self, values: JsonObject) -> Record:
        labels = [values.pop(name) for name in self._index]
        longest = max((len(v) for v in values.values() if isinstance(v, (str, bytes))), default=0)
        if longest > MAX_RECORD:
            return {DAMAGED: f"a cell of more than {MAX_RECORD // MIB} MiB"}
        opaque = [name for name, value in values.items() if isinstance(value, bytes)]
        plain = {k: v for k, v in values.items() if k not in opaque}
        record = with_structure(document(sized_item(plain)))
        if labels and isinstance(labels[0], (int, str)) and DAMAGED not in record:
            record = {LABEL: labels[0], **record}
        unread = [*record.get(LEFT_OUT, ()), *opaque, *self._unread]
        return {**record, LEFT_OUT: unread} if unread else record


def _values_of(column: Any) -> Callable[[int], Any]:
    """The value of a row, without decoding a repeated text more than once."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        values = [_plain(value) for value in _castable(column.dictionary).to_pylist()]
        places = column.indices.to_pylist()
        return lambda row: None if places[row] is None else values[places[row]]
    plain = _castable(column).to_pylist()
    return lambda row: _plain(plain[row])


def _castable(column: Any) -> Any:
    """Times as text: Python's have no nanoseconds, and an end."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_timestamp(column.type):
        text = pc.cast(column, pa.string())
        return pc.replace_substring(text, pattern=" ", replacement="T", max_replacements=1)
    return pc.cast(column, pa.string()) if pa.types.is_temporal(column.type) else column


def _plain(value: Any) -> Any:
    """A value as JSON would hold it; bytes that are no text stay bytes."""
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    if isinstance(value, list):
        if {float}.issuperset(map(type, value)) and not any(map(math.isnan, value)):
            return value
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_read(kind: Any) -> bool:
    """Whether cells of an Arrow type are values of a table, or lists and records of them."""
    import pyarrow as pa

    t = pa.types
    if t.is_dictionary(kind):
        return _is_read(kind.value_type)
    if t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind):
        return _is_read(kind.value_type) and not t.is_temporal(kind.value_type)
    if t.is_struct(kind):
        inner = [kind.field(k).type for k in range(kind.num_fields)]
        return all(_is_read(one) and not t.is_temporal(one) for one in inner)
    tests = (
        t.is_null, t.is_boolean, t.is_integer, t.is_floating, t.is_decimal, t.is_string,
        t.is_large_string, t.is_binary, t.is_large_binary, t.is_fixed_size_binary, t.is_date,
        t.is_time, t.is_timestamp,
    )  # fmt: skip
    return any(test(kind) for test in tests)
