"""The structures of a dataset by ranges of its rows, so that no more than a range is in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np

from matdata.core.crystals import Crystals, as_ids
from matdata.core.structures import Structures
from matdata.store import hdf5
from matdata.store.columns import ROWS


class StructureRows:
    """Reader of what `matdata.store.columns.write_structures` wrote; a context manager.

    Parameters
    ----------
    path
        The file; None of a dataset without structures.
    """

    def __init__(self, path: Path | None) -> None:
        self._shard = None if path is None else hdf5.Shard(path)
        if self._shard is None:
            return
        self._offsets = self._shard.read("offsets")
        self._rows = self._shard.read(ROWS) if ROWS in self._shard else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shard is not None:
            self._shard.close()

    @property
    def n_sites(self) -> int:
        """Sites of all structures."""
        return 0 if self._shard is None else int(self._offsets[-1])

    def read(self, ids: Sequence[str], start: int) -> Structures:
        """The structures of the rows `start` to ``start + len(ids)``, whose ids are given."""
        names = as_ids(ids)
        if self._shard is None:
            return Structures.none(names)
        first, last = start, start + len(ids)
        rows = np.arange(len(ids), dtype=np.int64)
        if self._rows is not None:
            first, last = np.searchsorted(self._rows, (first, last)).tolist()
            rows = self._rows[first:last] - start
        sites = int(self._offsets[first]), int(self._offsets[last])
        crystals = Crystals(
            names[rows],
            lattice=self._shard.read("lattice", first, last),
            frac_coords=self._shard.read("frac_coords", *sites),
            numbers=self._shard.read("numbers", *sites),
            offsets=self._offsets[first : last + 1] - sites[0],
        )
        return Structures(names, crystals, rows)
