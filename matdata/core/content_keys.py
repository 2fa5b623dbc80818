"""Content keys: 16 bytes per material that stand for the bytes of its columns.

The order of sites counts, the id does not. Equal keys mean equal bytes, so that what depends on
nothing else has equal values.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals
from matdata.core.table_rows import TableRows

KEY_BYTES = 16
#: dtype of keys; all zeros where a material lacks what is required.
KEY = f"S{KEY_BYTES}"

Keys: TypeAlias = "npt.NDArray[np.bytes_]"
#: The bytes of one material, by its row.
Pieces: TypeAlias = Callable[[int], Iterator[bytes | memoryview]]


def keys_of_columns(columns: Sequence[Crystals | Compositions | TableRows]) -> Keys:
    """Keys (n,) of n materials, of which all columns are given."""
    n = len(columns[0])
    if not n:
        return np.zeros(0, KEY)
    pieces = [_pieces(one) for one in columns]
    digests = bytearray()
    for row in range(n):
        hasher = hashlib.blake2b(digest_size=KEY_BYTES)
        for of_row in pieces:
            for piece in of_row(row):
                hasher.update(piece)
        digests += hasher.digest()
    return np.frombuffer(bytes(digests), KEY)


def _pieces(columns: Crystals | Compositions | TableRows) -> Pieces:
    if isinstance(columns, TableRows):
        return functools.partial(_cells, columns)
    if isinstance(columns, Crystals):
        arrays: list[npt.NDArray[Any]] = [columns.frac_coords, columns.numbers]
        per_row: list[npt.NDArray[Any]] = [columns.lattice]
    else:
        arrays, per_row = [columns.amounts, columns.numbers], []
    buffers = [(_bytes(array), array[:1].nbytes or 1) for array in arrays]
    lengths = np.diff(columns.offsets).astype("<i8")
    per_row = [array.reshape(len(lengths), -1) for array in (lengths, *per_row)]
    # one piece per row, as each one costs a call
    together = [array.view(np.uint8) for array in map(_little, per_row)]
    fixed, width = _bytes(np.hstack(together)), sum(array.shape[1] for array in together)
    offsets = columns.offsets.tolist()

    def of_row(row: int) -> Iterator[memoryview]:
        yield fixed[row * width : (row + 1) * width]
        first, last = offsets[row], offsets[row + 1]
        for buffer, size in buffers:
            yield buffer[first * size : last * size]

    return of_row


def _little(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))


def _bytes(array: npt.NDArray[Any]) -> memoryview:
    return _little(array).reshape(-1).view(np.uint8).data


def _cells(table: TableRows, row: int) -> Iterator[bytes]:
    for name, cells in sorted(table.columns.items()):
        yield json.dumps([name, cells[row]], default=repr).encode()
