"""A folder of tensors that PyTorch Geometric's ``InMemoryDataset`` takes, without pickle.

``InMemoryDataset`` saves itself by pickle, which runs code when it is opened. Its two members, the
joined tensors and where each graph begins, are written as safetensors instead, and the README has
the class that reads them. ``table.parquet`` has ids, all columns and exact structures, from which
matdata builds the dataset again.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from matdata.datasets.exports.card import write_card
from matdata.datasets.exports.content import Block, Exported
from matdata.datasets.exports.hf import SITES, site_columns
from matdata.datasets.exports.kinds import is_number, is_truth
from matdata.datasets.exports.table_files import UNIT, table_schema
from matdata.store.tensor_file import tensor_file

TENSORS, TABLE = "data.safetensors", "table.parquet"
#: Columns of a structure in the table; the tensors have the others.
EXACT = ("lattice", "frac_coords", "species")
_OPENED = """```python
from safetensors import safe_open
from torch_geometric.data import Data, InMemoryDataset


class Crystals(InMemoryDataset):
    def __init__(self, folder, transform=None):
        super().__init__(None, transform)
        with safe_open(f"{folder}/data.safetensors", "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        sites, rows = tensors.pop("site_offsets"), tensors.pop("row_offsets")
        self.slices = {name: sites if name in ("z", "pos") else rows for name in tensors}
        self.data = Data.from_dict(tensors)
```

`Crystals("FOLDER")[0]` has `z` (atomic numbers), `pos` (Å, float32), `cell` (1, 3, 3) in Å and `y`
(1, TARGETS), NaN where a value is missing. There are no edges: make them by a transform. Row k of
`table.parquet` is the material of graph k; columns of `y`: NAMES.
"""


def write_pyg(folder: Path, content: Exported) -> None:
    """Fill a folder."""
    targets = [name for name in content.targets if _is_learned(content.types[name])]
    n_sites = content.rows.n_sites
    shapes: dict[str, tuple[str, tuple[int, ...]]] = {
        "z": ("I64", (n_sites,)),
        "pos": ("F32", (n_sites, 3)),
        "cell": ("F32", (len(content), 3, 3)),
        "y": ("F32", (len(content), len(targets))),
        "site_offsets": ("I64", (len(content) + 1,)),
        "row_offsets": ("I64", (len(content) + 1,)),
    }
    schema = _schema(content)
    about = {**content.about(), "targets": json.dumps(targets, ensure_ascii=False)}
    with (
        tensor_file(folder / TENSORS, shapes, about) as tensors,
        pq.ParquetWriter(folder / TABLE, schema) as table,
    ):
        tensors["row_offsets"][:] = np.arange(len(content) + 1)
        first = 0
        for block in content.blocks():
            first = _fill(tensors, block, targets, first)
            table.write_table(_rows(block, schema))
    opened = _OPENED.replace("NAMES", ", ".join(f"`{one}`" for one in targets) or "none")
    write_card(folder / "README.md", content, "pyg", "", opened)


def _is_learned(kind: pa.DataType) -> bool:
    return is_number(kind) or is_truth(kind)


def _fill(
    tensors: dict[str, npt.NDArray[np.generic]], block: Block, targets: list[str], first: int
) -> int:
    """Write the tensors of a block whose first site is number `first`; returns the next one."""
    crystals = block.structures.crystals
    rows = slice(block.start, block.start + len(crystals))
    sites = slice(first, first + len(crystals.numbers))
    tensors["z"][sites] = crystals.numbers
    tensors["pos"][sites] = crystals.cart_coords()
    tensors["cell"][rows] = crystals.lattice
    tensors["site_offsets"][rows.start : rows.stop + 1] = first + crystals.offsets
    for place, name in enumerate(targets):
        cells = block.table[name].cast(pa.float64(), safe=False).to_numpy()
        tensors["y"][rows, place] = cells
    return sites.stop


def _schema(content: Exported) -> pa.Schema:
    schema = table_schema(content)
    for name in EXACT:
        metadata = {UNIT: "Å"} if name == "lattice" else None
        schema = schema.append(pa.field(name, SITES[name], metadata=metadata))
    content.require_distinct(schema.names, "a row of the table")
    return schema.with_metadata(content.about())


def _rows(block: Block, schema: pa.Schema) -> pa.Table:
    sites = dict(zip(SITES, site_columns(block.structures), strict=True))
    arrays = [*block.table.columns, *(sites[name] for name in EXACT)]
    return pa.Table.from_arrays(arrays, schema=schema)
