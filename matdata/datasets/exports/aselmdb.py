"""An ASE database in an LMDB file, as fairchem's ``AseDBDataset`` reads it.

``data`` of a row holds all columns of its material; those that ASE takes are key-value pairs as
well, by which a database is searched. Fractional coordinates are in ``data``, since ASE has
Cartesian positions. Units are in the metadata, under ASE's ``key_descriptions``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from matdata.adapters.aselmdb import legal_pairs, write_rows
from matdata.core.digest import digest_bytes
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError
from matdata.datasets.exports.content import Exported
from matdata.sources.readers.lmdb_rows import DESCRIPTIONS, EXACT, EXPORT

PERIODIC = np.ones(3, dtype=np.bool_)


def write_aselmdb(path: Path, content: Exported) -> None:
    """Write a row per material.

    Raises
    ------
    ConfigError
        If a column has the name of the fractional coordinates.
    """
    if EXACT in content.names.values():
        raise ConfigError(
            f"a column {EXACT!r} would be replaced by the coordinates of the structure",
            next_step="write hf or jsonl, which keep the two apart",
        )
    write_rows(path, _rows(content), _metadata(content))


def _metadata(content: Exported) -> JsonObject:
    about = {**content.about(), "units": content.units, "axes": content.axes}
    described = {name: [name, name, unit] for name, unit in content.units.items()}
    return {DESCRIPTIONS: described, EXPORT: about}


def _rows(content: Exported) -> Iterator[JsonObject]:
    for block in content.blocks():
        crystals = block.structures.crystals
        positions, columns = crystals.cart_coords(), block.columns()
        for row, cells in enumerate(zip(*columns.values(), strict=True)):
            part = crystals.sites(row)
            data = dict(zip(columns, cells, strict=True))
            scalars = {k: v for k, v in data.items() if isinstance(v, (str, bool, int, float))}
            yield {
                "numbers": crystals.numbers[part].astype(np.int64),
                "positions": positions[part],
                "cell": crystals.lattice[row],
                "pbc": PERIODIC,
                "unique_id": digest_bytes(block.ids[row].encode())[:32],
                "ctime": 0.0,
                "mtime": 0.0,
                "user": "matdata",
                "key_value_pairs": legal_pairs(scalars),
                "data": {**data, EXACT: crystals.frac_coords[part]},
            }
