"""Arrow arrays of plain columns without `pyarrow.array`, which imports pandas where it can.

That import takes as long as a small build does. Cells that are lists or records, and texts of more
than 2 GB in all, are left to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

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


def _array(
    arrow_type: pa.DataType, present: npt.NDArray[np.bool_], *data: npt.NDArray[np.generic]
) -> pa.Array:
    validity = None if present.all() else pa.py_buffer(_bits(present))
    buffers = [validity, *map(pa.py_buffer, data)]
    return pa.Array.from_buffers(arrow_type, len(present), buffers)


def _bits(values: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    return np.packbits(np.asarray(values, dtype=np.bool_), bitorder="little")
