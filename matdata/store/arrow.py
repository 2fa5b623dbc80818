"""Arrow arrays of plain columns without `pyarrow.array`, which imports pandas where it can.

That import takes as long as a small build does. Cells that are lists or records, and texts of more
than 2 GB in all, are left to it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matdata.core.ledger import Unusable
from matdata.store.cells import (
    BOOL,
    FLOAT,
    INT,
    JSON,
    NOTHING,
    TEXT,
    ColumnKind,
    as_kind,
)
from matdata.store.cells import (
    NUMBERS as ARRAYS,
)

MAX_BYTES = 2**31 - 1  # of all texts of an array, whose offsets are int32
NUMBERS = {int: (np.int64, pa.int64()), float: (np.float64, pa.float64())}


def array_of(values: Sequence[Any]) -> pa.Array:
    """What ``pyarrow.array(values)`` gives; float64 where all are missing.

    Parameters
    ----------
    values
        A column that `cells.clean_column` returned.
    """
    types = {type(value) for value in values} - {type(None)}
    if not types:
        return pa.nulls(len(values), pa.float64())
    kind = types.pop() if len(types) == 1 else None
    present = np.array([value is not None for value in values], dtype=np.bool_)
    if kind in NUMBERS:
        dtype, arrow_type = NUMBERS[kind]
        filled = [0 if value is None else value for value in values]
        return _array(arrow_type, present, np.array(filled, dtype=dtype))
    if kind is bool:
        return _array(pa.bool_(), present, _bits([value is True for value in values]))
    if kind is str:
        encoded = [(value or "").encode() for value in values]
        ends = np.cumsum([0, *map(len, encoded)])
        if ends[-1] <= MAX_BYTES:
            text = np.frombuffer(b"".join(encoded), dtype=np.uint8)
            return _array(pa.string(), present, ends.astype(np.int32), text)
    return pa.array(values)


def numbers_array(values: npt.NDArray[Any]) -> pa.Array:
    """Numbers (n,) in Arrow, none of them missing."""
    plain = np.ascontiguousarray(values)
    buffers = [None, pa.py_buffer(plain)]
    return pa.Array.from_buffers(pa.from_numpy_dtype(plain.dtype), len(plain), buffers)


def _array(
    arrow_type: pa.DataType, present: npt.NDArray[np.bool_], *data: npt.NDArray[np.generic]
) -> pa.Array:
    validity = None if present.all() else pa.py_buffer(_bits(present))
    buffers = [validity, *map(pa.py_buffer, data)]
    return pa.Array.from_buffers(arrow_type, len(present), buffers)


def _bits(values: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    return np.packbits(np.asarray(values, dtype=np.bool_), bitorder="little")


LISTS = pa.list_(pa.float64())
#: Arrow types of the kinds that one type holds.
TYPES = {
    NOTHING: pa.float64(),
    INT: pa.int64(),
    FLOAT: pa.float64(),
    BOOL: pa.bool_(),
    TEXT: pa.string(),
    JSON: pa.string(),
    ARRAYS: LISTS,
}
_WORDS = {pa.int64(): INT, pa.float64(): FLOAT, pa.bool_(): BOOL, pa.string(): TEXT}


_DTYPES: dict[pa.DataType, Any] = {
    pa.int32(): np.dtype(np.int32),
    pa.int64(): np.dtype(np.int64),
    pa.uint8(): np.dtype(np.uint8),
    pa.float64(): np.dtype(np.float64),
}


def learn(kind: ColumnKind, array: pa.Array) -> None:
    """Learn a column's kind from clean cells in Arrow, by its type where that is enough."""
    if array.null_count == len(array):
        return
    if array.type in _WORDS:
        kind.add_word(_WORDS[array.type])
    elif _holds_numbers(array):
        kind.add_word(ARRAYS)
    else:
        kind.add(array.to_pylist())


def _holds_numbers(array: pa.Array) -> bool:
    """Whether an array holds lists of numbers, none of them missing, and not all lists empty."""
    if not pa.types.is_list(array.type) or array.type.value_type != pa.float64():
        return False
    numbers = array.flatten()
    return len(numbers) > 0 and numbers.null_count == 0


def as_kind_array(array: pa.Array, kind: str) -> pa.Array:
    """Clean cells of a column in the kind that the whole column settled in, one of `TYPES`."""
    arrow_type = TYPES[kind]
    if array.type == arrow_type:
        return array
    if array.null_count == len(array):
        return pa.nulls(len(array), arrow_type)
    if kind == FLOAT or (kind == ARRAYS and _holds_numbers(array)):
        return array.cast(arrow_type, safe=False)
    return flat_array(as_kind(array.to_pylist(), kind), kind)


def flat_array(cells: Sequence[Any], kind: str) -> pa.Array:
    """Cells of one of the kinds of `TYPES` in its type, whatever is missing among them."""
    array, arrow_type = array_of(cells), TYPES[kind]
    if array.type == arrow_type:
        return array
    if array.null_count == len(array):
        return pa.nulls(len(array), arrow_type)
    return array.cast(arrow_type, safe=False)


def floats_of(array: pa.Array) -> npt.NDArray[np.float64]:
    """Numbers or truth values (n,) as float64, NaN where they are missing."""
    numbers = array.cast(pa.float64(), safe=False)
    values = numpy_of(numbers).copy()
    if numbers.null_count:
        values[~is_present(numbers)] = np.nan
    return values


def is_present(array: pa.Array) -> npt.NDArray[np.bool_]:
    """Whether each cell (n,) of an array is there."""
    return booleans_of(pc.is_valid(array))


def booleans_of(array: pa.Array) -> npt.NDArray[np.bool_]:
    """Truth values (n,), none of them missing. `to_numpy` of Arrow imports pandas."""
    if not len(array):
        return np.empty(0, np.bool_)
    bits = np.frombuffer(array.buffers()[1], dtype=np.uint8)
    end = array.offset + len(array)
    return np.unpackbits(bits, count=end, bitorder="little")[array.offset :].view(np.bool_)


def numpy_of(array: pa.Array) -> npt.NDArray[Any]:
    """The numbers of an array, (n,), without a copy; what stands at missing ones is any number.

    `to_numpy` of Arrow imports pandas.
    """
    dtype = _DTYPES[array.type]
    if not len(array):
        return np.empty(0, dtype)
    whole: npt.NDArray[Any] = np.frombuffer(array.buffers()[1], dtype=dtype)
    return whole[array.offset : array.offset + len(array)]


def numbers_in(column: pa.ChunkedArray, rows: npt.NDArray[np.int64]) -> Any:
    """Numbers (k, size) of some rows of a column as float64, NaN where a cell is missing.

    None unless the column holds numbers, truth values, or arrays of numbers of one length.
    """
    array = column.take(numbers_array(rows)).combine_chunks()
    if array.type in (pa.int64(), pa.float64(), pa.bool_()):
        return floats_of(array).reshape(-1, 1)
    if not _holds_numbers(array):
        return None
    sizes = pc.unique(pc.list_value_length(column).combine_chunks()).drop_null()
    if len(sizes) != 1:
        return None
    values = np.full((len(array), sizes[0].as_py()), np.nan)
    values[is_present(array)] = numpy_of(array.flatten()).reshape(-1, values.shape[1])
    return values


def content_bytes(array: pa.Array) -> int:
    """Approximate size of what an array holds, independent of how it is divided."""
    size = 8 * len(array)
    if pa.types.is_list(array.type):
        return size + content_bytes(array.flatten())
    if pa.types.is_struct(array.type):
        return size + sum(map(content_bytes, array.flatten()))
    if pa.types.is_string(array.type):
        return size + int(pc.sum(pc.binary_length(array)).as_py() or 0)
    return size


def common_type(one: pa.DataType | None, other: pa.DataType | None) -> pa.DataType | None:
    """The type that Arrow infers for nested cells of both types; None is that of no value."""
    if one is None or other is None or one == other:
        return other if one is None else one
    if pa.types.is_null(one) or pa.types.is_null(other):
        return other if pa.types.is_null(one) else one
    if pa.types.is_list(one) and pa.types.is_list(other):
        return pa.list_(common_type(one.value_type, other.value_type))
    if pa.types.is_struct(one) and pa.types.is_struct(other):
        types: dict[str, pa.DataType | None] = {}
        for field in (*one, *other):
            types[field.name] = common_type(types.get(field.name), field.type)
        return pa.struct(list(types.items()))
    raise TypeError(f"nested cells of {one} and of {other}")


class FieldOrder:
    """Where the names in the records of a nested column stand first, by their place in the rows.

    Arrow lists the fields of a record in the order in which it meets them.
    """

    def __init__(self) -> None:
        self._first: dict[tuple[str | None, ...], tuple[int, int]] = {}

    def add(self, cell: object, place: int) -> None:
        """Learn from the cell of a row."""
        self._add(cell, place, (), itertools.count())

    def _add(
        self, value: object, place: int, path: tuple[str | None, ...], count: Iterator[int]
    ) -> None:
        if isinstance(value, list):
            for item in value:
                self._add(item, place, (*path, None), count)
        elif isinstance(value, dict):
            for name, item in value.items():
                here = (place, next(count))
                self._first[*path, name] = min(here, self._first.get((*path, name), here))
                self._add(item, place, (*path, name), count)

    def ordered(self, kind: pa.DataType, path: tuple[str | None, ...] = ()) -> pa.DataType:
        """A type with the fields of its records in the order of the rows."""
        if pa.types.is_list(kind):
            return pa.list_(self.ordered(kind.value_type, (*path, None)))
        if not pa.types.is_struct(kind):
            return kind
        fields = sorted(kind, key=lambda field: self._first[*path, field.name])
        return pa.struct([(f.name, self.ordered(f.type, (*path, f.name))) for f in fields])


def lists_of(array: pa.Array) -> list[npt.NDArray[np.float64] | Unusable | None]:
    """Lists of numbers (n,) as arrays, NaN at numbers that are missing; None where none is.

    A cell that is no list of numbers is an error that says so, for the ledger.
    """
    if _is_list(array.type) and _is_number(array.type.value_type):
        flat = floats_of(array.flatten()) if len(array) else np.empty(0)
        lengths = pc.fill_null(pc.list_value_length(array), 0).cast(pa.int64())
        ends = np.cumsum(numpy_of(lengths)) if len(array) else np.empty(0, np.int64)
        pieces = np.split(flat, ends[:-1]) if len(array) else []
        present = is_present(array).tolist()
        return [one if has else None for one, has in zip(pieces, present, strict=True)]
    return [_floats(cell) for cell in array.to_pylist()]


def _is_list(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _floats(cell: object) -> npt.NDArray[np.float64] | Unusable | None:
    if cell is None:
        return None
    try:
        values = np.array(cell, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty((0, 0))
    if values.ndim != 1:
        return Unusable("unreadable", "a spectrum is no list of numbers")
    return values
