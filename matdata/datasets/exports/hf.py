"""A folder that ``datasets.load_dataset`` opens: Parquet shards by split, and a card.

Structures are columns: ``lattice`` (3, 3) and ``positions`` (n, 3) in Å, ``frac_coords`` (n, 3),
atomic ``numbers`` (n,) and ``species`` (n,); null where a material has none. Dense features are
lists. Shards are named as repositories of data sets name them, so that `matdata build FOLDER`
reads the parts (of several splits those of the first one) as its split ``given``.
"""

from __future__ import annotations

import contextlib
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
from matdata.datasets.exports import hf_files
from matdata.datasets.exports.card import write_card
from matdata.datasets.exports.content import Block, Exported
from matdata.datasets.exports.feature_columns import FeatureRows
from matdata.datasets.exports.hf_files import Division, configs_of, divided
from matdata.datasets.exports.hf_header import header
from matdata.datasets.exports.table_files import UNIT, table_schema
from matdata.store.arrow import numbers_array

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
OPEN_FILES = 100  # at a time; of systems that allow few, 256 in all


def write_hf(folder: Path, content: Exported) -> None:
    """Fill a folder.

    Raises
    ------
    ConfigError
        If a column has the name of one of a structure or a feature, or the splits do not go
        together.
    """
    division = divided(content)
    schema = _schema(content)
    (folder / "data").mkdir()
    features = {name: FeatureRows(one) for name, one in content.features.items()}
    for first in range(0, len(division.groups), OPEN_FILES):
        some = range(first, min(first + OPEN_FILES, len(division.groups)))
        _write_groups(folder / "data", content, features, schema, division, some)
    configs = configs_of(content, division)
    opened = _OPENED + "".join(_ONE.format(name) for name in list(configs)[:1] if len(configs) > 1)
    files = {
        part: sorted((folder / "data").glob(f"{part}-*")) for part in next(iter(configs.values()))
    }
    top = header(content, schema, files, configs=configs, folder=folder)
    write_card(folder / "README.md", content, "hf", top, opened)


def _write_groups(
    folder: Path,
    content: Exported,
    features: dict[str, FeatureRows],
    schema: pa.Schema,
    division: Division,
    some: range,
) -> None:
    """Write the rows of some groups, each to its own files."""
    with contextlib.ExitStack() as stack:
        writers = {
            group: stack.enter_context(_Shards(folder, division.groups[group].names, schema))
            for group in some
        }
        for block in content.blocks():
            group_of = division.group_of[block.start : block.start + len(block.table)]
            here = [group for group in np.unique(group_of).tolist() if group in writers]
            if not here:
                continue
            table = _table(block, content, features, schema)
            for group in here:
                rows = numbers_array(np.flatnonzero(group_of == group))
                writers[group].write(table.take(rows))


_OPENED = """```python
from datasets import load_dataset

crystals = load_dataset("FOLDER")
```
"""
_ONE = """
Each split is a configuration: `load_dataset("FOLDER", "{}")`.
"""


@dataclass
class _Shards:
    """Writes the rows of one group to its files."""

    folder: Path
    names: list[str]
    schema: pa.Schema
    _written: int = 0
    _writer: Any = field(default=None)

    def __enter__(self) -> _Shards:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, table: pa.Table) -> None:
        rows = hf_files.SHARD_ROWS
        while len(table):
            if self._writer is None:
                path = self.folder / self.names[self._written // rows]
                self._writer = pq.ParquetWriter(path, self.schema)
            room = rows - self._written % rows
            part, table = table.slice(0, room), table.slice(room)
            self._writer.write_table(part)
            self._written += len(part)
            if self._written % rows == 0:
                self._writer.close()
                self._writer = None


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
