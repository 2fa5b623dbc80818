"""A folder that ``datasets.load_dataset`` opens: Parquet shards by split, and a card.

Structures are columns: ``lattice`` (3, 3) and ``positions`` (n, 3) in Å, ``frac_coords`` (n, 3),
atomic ``numbers`` (n,) and ``species`` (n,); null where a material has none. Dense features are
lists. Shards are named as repositories of data sets name them, so that `matdata build FOLDER`
reads the parts as its split ``given``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from matdata.core.crystals import offsets_of
from matdata.core.elements import symbols
from matdata.core.structures import Structures
from matdata.datasets.exports.card import write_card
from matdata.datasets.exports.content import Block, Exported
from matdata.datasets.exports.feature_columns import FeatureRows
from matdata.datasets.exports.hf_header import header
from matdata.datasets.exports.table_files import UNIT, table_schema
from matdata.store.arrow import numbers_array

SHARD_ROWS = 100_000
#: What the parts are called there.
CALLED = {"train": "train", "val": "validation", "test": "test"}
_COORDS = pa.list_(pa.list_(pa.float64()))
#: Columns of a structure.
SITES = {
    "lattice": _COORDS,
    "frac_coords": _COORDS,
    "positions": _COORDS,
    "numbers": pa.list_(pa.uint8()),
    "species": pa.list_(pa.string()),
}
IN_ANGSTROM = ("lattice", "positions")


def write_hf(folder: Path, content: Exported) -> None:
    """Fill a folder.

    Raises
    ------
    ConfigError
        If a column has the name of one of a structure or a feature.
    """
    schema = _schema(content)
    (folder / "data").mkdir()
    parts = None if content.split is None else content.split.part_of(content.dataset.ids)
    features = {name: FeatureRows(one) for name, one in content.features.items()}
    with contextlib.ExitStack() as stack:
        writers = {
            part: stack.enter_context(_Shards(folder / "data", CALLED[part], rows, schema))
            for part, rows in _sizes(content).items()
        }
        for block in content.blocks():
            table = _table(block, content, features, schema)
            of_block = slice(block.start, block.start + len(table))
            for part, rows in _by_part(table, None if parts is None else parts[of_block]):
                writers[part].write(rows)
    files = {
        CALLED[part]: sorted((folder / "data").glob(f"{CALLED[part]}-*"))
        for part in _sizes(content)
    }
    write_card(folder / "README.md", content, "hf", header(content, schema, files), _OPENED)


_OPENED = """```python
from datasets import load_dataset

crystals = load_dataset("FOLDER")
```
"""


@dataclass
class _Shards:
    """Writes the rows of one part to files of at most `SHARD_ROWS`."""

    folder: Path
    name: str
    rows: int
    schema: pa.Schema
    _written: int = 0
    _writer: Any = field(default=None)

    def __enter__(self) -> _Shards:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, table: pa.Table) -> None:
        while len(table):
            if self._writer is None:
                self._writer = pq.ParquetWriter(self._path(), self.schema)
            room = SHARD_ROWS - self._written % SHARD_ROWS
            part, table = table.slice(0, room), table.slice(room)
            self._writer.write_table(part)
            self._written += len(part)
            if self._written % SHARD_ROWS == 0:
                self._writer.close()
                self._writer = None

    def _path(self) -> Path:
        number, count = self._written // SHARD_ROWS, -(-self.rows // SHARD_ROWS)
        return self.folder / f"{self.name}-{number:05d}-of-{count:05d}.parquet"


def _sizes(content: Exported) -> dict[str, int]:
    return content.split.sizes if content.split else {"train": len(content)}


def _by_part(table: pa.Table, parts: npt.NDArray[np.str_] | None) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each part; all are for training where there is no split."""
    if parts is None:
        yield "train", table
        return
    for part in CALLED:
        rows = np.flatnonzero(parts == part)
        if len(rows):
            yield part, table.take(numbers_array(rows))


def _schema(content: Exported) -> pa.Schema:
    schema = table_schema(content)
    if content.dataset.kind != "composition":
        for name, kind in SITES.items():
            metadata = {UNIT: "Å"} if name in IN_ANGSTROM else None
            schema = schema.append(pa.field(name, kind, metadata=metadata))
    for name, feature in content.features.items():
        dense: Any = feature.dense(feature.ids[:1].tolist())[0]
        kind = pa.float64()
        for _ in range(dense.ndim):
            kind = pa.list_(kind)
        schema = schema.append(pa.field(name, kind))
    content.require_distinct(schema.names, "a row")
    return schema.with_metadata(content.about())


def _table(
    block: Block, content: Exported, features: dict[str, FeatureRows], schema: pa.Schema
) -> pa.Table:
    arrays = list(block.table.columns)
    if content.dataset.kind != "composition":
        arrays += site_columns(block.structures)
    for name, rows in features.items():
        arrays.append(pa.array(rows.of(block.ids), type=schema.field(name).type))
    return pa.Table.from_arrays(arrays, schema=schema)


def site_columns(structures: Structures) -> list[pa.Array]:
    """The columns `SITES` of n materials, null where one has no structure."""
    crystals = structures.crystals
    lengths = structures.scatter(crystals.n_sites, 0)
    lacks = pa.array(~structures.present)
    of_sites = offsets_of(lengths).astype(np.int32)
    of_cells = offsets_of(3 * structures.present).astype(np.int32)
    names = np.array(symbols(), dtype=object)[crystals.numbers]
    return [
        _lists(of_cells, _triples(crystals.lattice.reshape(-1, 3)), lacks),
        _lists(of_sites, _triples(crystals.frac_coords), lacks),
        _lists(of_sites, _triples(crystals.cart_coords()), lacks),
        _lists(of_sites, pa.array(crystals.numbers), lacks),
        _lists(of_sites, pa.array(names, type=pa.string()), lacks),
    ]


def _triples(rows: npt.NDArray[np.float64]) -> pa.Array:
    ends = pa.array(np.arange(0, 3 * len(rows) + 1, 3, dtype=np.int32))
    return pa.ListArray.from_arrays(ends, pa.array(np.ascontiguousarray(rows).ravel()))


def _lists(ends: npt.NDArray[np.int32], values: pa.Array, lacks: pa.Array) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(ends), values, mask=lacks)
