"""The structures of a dataset, read when some of them are taken."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Crystals, Int
from matdata.store.dataset_rows import DatasetRows

GAP = 32  # crystals between two wanted ones that are read rather than skipped


class StoredCrystals:
    """The structures of a dataset in the order of its rows; only those taken are read.

    Parameters
    ----------
    rows
        The rows of the dataset.
    """

    def __init__(self, rows: DatasetRows) -> None:
        self._rows = rows

    @property
    def rows(self) -> Int:
        """Rows (n,) of the dataset that have a structure."""
        return self._rows.rows_with_structure

    @functools.cached_property
    def ids(self) -> npt.NDArray[np.str_]:
        """Material ids, (n,)."""
        return self._rows.dataset.ids[self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, places: Any) -> Crystals:
        """The crystals at some places (k,), in that order."""
        wanted, order = np.unique(np.asarray(places, dtype=np.int64), return_inverse=True)
        if not len(wanted):
            return Crystals.empty()
        cuts = np.flatnonzero(np.diff(wanted) > GAP) + 1
        runs = itertools.pairwise([0, *cuts.tolist(), len(wanted)])
        parts = []
        for first, last in runs:
            run = wanted[first:last]
            start, stop = int(run[0]), int(run[-1]) + 1
            columns = self._rows.crystal_columns(start, stop)
            parts.append(Crystals(self.ids[start:stop], **columns).take(run - start))
        return Crystals.concat(parts).take(order)
