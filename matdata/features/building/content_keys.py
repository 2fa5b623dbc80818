"""Content keys: 16 bytes per material that stand for all that a featurizer is given of it.

The order of sites counts, the id does not. Equal keys mean equal bytes, so that a featurizer whose
values depend on nothing else (`Featurizer.reusable`) gives equal values.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals
from matdata.core.table_rows import TableRows
from matdata.features.base import Featurizer
from matdata.features.building.dataset_inputs import input_of_rows
from matdata.features.inputs import FeatureInput, PartialInput, RecordColumns
from matdata.store.dataset_rows import DatasetRows

KEY_BYTES = 16
#: dtype of keys; all zeros where a material lacks what is required.
KEY = f"S{KEY_BYTES}"

Keys: TypeAlias = "npt.NDArray[np.bytes_]"
#: The bytes of one material, by its row.
Pieces: TypeAlias = Callable[[int], Iterator[bytes | memoryview]]


@dataclass(frozen=True)
class _Needs:
    """What keys depend on; features that are given the same share them."""

    requires: frozenset[str]
    columns: tuple[str, ...]
    featurizer: Featurizer = field(compare=False)


def content_keys(rows: DatasetRows, featurizer: Featurizer) -> Keys:
    """Keys (n,) of all rows of a dataset, in memory of 16 bytes per row."""
    columns = featurizer.columns() if "columns" in featurizer.requires else ()
    needs = _Needs(frozenset(featurizer.requires), tuple(columns), featurizer)
    return _keys(str(rows.dataset.folder), rows.dataset.data_digest, needs)


@functools.lru_cache(maxsize=4)  # of two versions, for features of structures and of compositions
def _keys(folder: str, digest: str, needs: _Needs) -> Keys:
    rows = DatasetRows.at(Path(folder), digest)
    keys = np.zeros(len(rows), KEY)
    for start, stop in rows.ranges():
        keys[start:stop] = keys_of(input_of_rows(rows, needs.featurizer, start, stop))
    return keys


def keys_of(batch: FeatureInput | PartialInput) -> Keys:
    """Keys (n,) of a batch."""
    if isinstance(batch, PartialInput):
        keys = np.zeros(len(batch), KEY)
        keys[batch.rows] = keys_of(batch.given)
        return keys
    if not len(batch):
        return np.zeros(0, KEY)
    pieces = [_pieces(one) for one in _columns(batch)]
    digests = bytearray()
    for row in range(len(batch)):
        hasher = hashlib.blake2b(digest_size=KEY_BYTES)
        for of_row in pieces:
            for piece in of_row(row):
                hasher.update(piece)
        digests += hasher.digest()
    return np.frombuffer(bytes(digests), KEY)


def _columns(batch: FeatureInput) -> list[Crystals | Compositions | TableRows]:
    if not isinstance(batch, RecordColumns):
        return [batch]
    parts = (batch.crystals, batch.compositions, batch.table)
    return [one for one in parts if one is not None]


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
