"""Tables as Parquet: typed columns of any source, with units in the schema."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matdata.core.documents import JsonObject
from matdata.core.errors import MatdataError, StoreError, did_you_mean
from matdata.store.nested import MixedKinds, common_kind, json_text, kind_of

Columns = dict[str, list[Any]]
MAX_INT = 2**63 - 1
#: Key of a field's metadata: the column with the points where the numbers of its arrays stand.
AXIS = "axis"
ROWS_AT_ONCE = 4096  # of a table that is read by range


def clean_column(values: Sequence[object]) -> list[Any]:
    """Give a column one type: numbers, booleans, lists of one kind, or text; None where missing.

    NaN, infinities and empty text are missing, and so is a list of numbers that holds one of them.
    A column that mixes numbers and text, or lists of several kinds, becomes text. Records, and
    lists of them, stay as they are where all are of one kind (numbers are floats), else they are
    JSON texts.
    """
    plain = [_cell(value) for value in values]
    if any(map(_has_records, plain)):
        return _nested(plain)
    kinds = {_kind(value) for value in plain if value is not None}
    if kinds <= {"int", "float"}:
        exceeds_int64 = any(abs(v) > MAX_INT for v in plain if v is not None)
        as_float = exceeds_int64 or "float" in kinds
        return [float(v) if v is not None else None for v in plain] if as_float else plain
    if len(kinds) == 1 and not kinds & {"text", "mixed"}:
        return plain
    return [None if value is None else str(value) for value in plain]


def _cell(value: object) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, numbers.Real) and not isinstance(value, (bool, int)):
        return float(value) if math.isfinite(float(value)) else None
    if isinstance(value, (list, tuple)):
        return _numbers(value)
    return _record(value) if isinstance(value, dict) else value


def _has_records(value: object) -> bool:
    if isinstance(value, list):
        return any(map(_has_records, value))
    return isinstance(value, dict)


def _nested(values: list[Any]) -> list[Any]:
    """A column of records, or of lists of them."""
    try:
        common_kind(map(kind_of, values))
    except MixedKinds:
        return [v if v is None or isinstance(v, str) else json_text(v) for v in values]
    return values


def _record(value: Mapping[object, object]) -> JsonObject:
    """A record with numbers as floats; one that is not finite is missing."""
    return {str(name): _inner(item) for name, item in value.items()}


def _inner(item: object) -> Any:
    if isinstance(item, (int, float)) and not isinstance(item, bool):
        return float(item) if math.isfinite(item) else None
    if isinstance(item, (list, tuple)):
        return _numbers(item)
    return _record(item) if isinstance(item, dict) else item


def _numbers(values: Sequence[object]) -> list[Any] | None:
    """A list with numbers as floats, also in lists within it; None if one is not finite."""
    floats = []
    for item in values:
        inner = _numbers(item) if isinstance(item, (list, tuple)) else item
        inner = _record(inner) if isinstance(inner, dict) else inner
        if isinstance(inner, (int, float)):
            inner = float(inner)
            if not math.isfinite(inner):
                return None
        elif inner is None and item is not None:
            return None
        floats.append(inner)
    return floats


def _kind(value: object) -> str:
    for kind, types in (("bool", bool), ("int", int), ("float", float)):
        if isinstance(value, types):
            return kind
    if not isinstance(value, list):
        return "text"
    leaves = _leaves(value)
    return leaves.pop() if len(leaves) == 1 else "mixed" if leaves else "list of float"


def _leaves(values: Sequence[object]) -> set[str]:
    """Types of the entries of a list, with their nesting."""
    inner = (_leaves(item) if isinstance(item, list) else {type(item).__name__} for item in values)
    return {f"list of {kind}" for kinds in inner for kind in kinds}


def join_columns(parts: Sequence[Mapping[str, Sequence[object]]]) -> Columns:
    """Join chunks of columns; a column that a chunk lacks is None there."""
    names = list(dict.fromkeys(name for part in parts for name in part))
    joined: Columns = {name: [] for name in names}
    for part in parts:
        rows = len(next(iter(part.values()), []))
        for name in names:
            joined[name].extend(part.get(name) or [None] * rows)
    return {name: clean_column(column) for name, column in joined.items()}


def write_table(
    path: Path,
    columns: Mapping[str, Sequence[object]],
    units: Mapping[str, str] | None = None,
    metadata: Mapping[str, Mapping[str, str]] | None = None,
    about: Mapping[str, str] | None = None,
) -> None:
    """Write columns to a Parquet file.

    Units and `metadata` go into the metadata of the fields, `about` into that of the file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from matdata.store.arrow import array_of

    arrays, fields = [], []
    for name, values in columns.items():
        array = array_of(clean_column(values))
        field_metadata = dict((metadata or {}).get(name, {}))
        if unit := (units or {}).get(name):
            field_metadata["unit"] = unit
        fields.append(pa.field(name, array.type, metadata=field_metadata or None))
        arrays.append(array)
    schema = pa.schema(fields, metadata=dict(about) if about else None)
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path)


def read_table(path: Path) -> Columns:
    """Read a Parquet file as columns, None where a value is missing."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:  # `read_table` imports pandas, and reads names of folders
        columns: Columns = file.read().to_pydict()
    return columns


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
