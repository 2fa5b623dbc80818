"""Structures as a file: the numeric columns in HDF5; the ids are in the table beside it.

``rows``, the rows of the table that the crystals belong to, is written where not every row has a
structure.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy.typing as npt

from matdata.core.crystals import Crystals, Int, as_ids
from matdata.core.structures import Structures
from matdata.store import hdf5

#: Columns of the table that follow from the structure: empty in rows without one.
STRUCTURE_COLUMNS = (
    "n_sites",
    "volume_per_atom",
    "protostructure",
    "space_group_number",
    "crystal_system",
    "n_wyckoff",
    "wyckoff_valid",
    "symmetry_engines_agree",
)

#: Column of the table with the formula as it is written, of a row without a structure.
GIVEN_FORMULA = "formula_given"

OFFSETS = "offsets"
ROWS = "rows"


def write_structures(path: Path, structures: Structures) -> None:
    """Write the columns; equal structures give equal bytes."""
    rows = {} if structures.is_complete else {ROWS: structures.rows}
    hdf5.write(path, {**structures.crystals.columns(), **rows})


def read_crystals(
    shard: hdf5.Shard, start: int = 0, stop: int | None = None
) -> dict[str, npt.NDArray[Any]]:
    """Columns of the crystals `start` to `stop` of an open file, by default of all."""
    offsets = shard.read(OFFSETS, start, None if stop is None else stop + 1)
    sites = int(offsets[0]), int(offsets[-1])
    return {
        "lattice": shard.read("lattice", start, stop),
        "frac_coords": shard.read("frac_coords", *sites),
        "numbers": shard.read("numbers", *sites),
        OFFSETS: offsets - offsets[0],
    }


def read_structures(path: Path, ids: Any) -> Structures:
    """Read what `write_structures` wrote; `ids` (n,) in the order of the table's rows."""
    with contextlib.closing(hdf5.Shard(path)) as shard:
        columns = read_crystals(shard)
    rows = read_structure_rows(path)
    names = as_ids(ids)
    if rows is None:
        return Structures.of(Crystals(names, **columns))
    return Structures(names, Crystals(names[rows], **columns), rows)


def read_structure_rows(path: Path) -> Int | None:
    """Rows (k,) of the table that have a structure; None where all have one."""
    with contextlib.closing(hdf5.Shard(path)) as shard:
        return shard.read(ROWS) if ROWS in shard else None
