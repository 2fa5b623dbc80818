"""`Crystals` as a file: the numeric columns in HDF5; the ids are in the dataset's table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matdata.core.crystals import Crystals, as_ids
from matdata.store import hdf5

NAMES = ("lattice", "frac_coords", "numbers", "offsets")


def write_crystals(path: Path, crystals: Crystals) -> None:
    """Write the columns; equal crystals give equal bytes."""
    hdf5.write(path, crystals.columns())


def read_crystals(path: Path, ids: Sequence[str]) -> Crystals:
    """Read the columns that `write_crystals` wrote; `ids` (n,) in the order of the rows."""
    shard = hdf5.Shard(path)
    try:
        columns = {name: shard.read(name) for name in NAMES}
    finally:
        shard.close()
    return Crystals(as_ids(ids), **columns)
