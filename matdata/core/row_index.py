"""Rows of materials by their ids: the one checked look-up."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Refuse = Callable[[list[str]], Exception]


class RowIndex:
    """Where each id of a table stands; an id that is not there is never given a row.

    Parameters
    ----------
    ids : (n,) str
        Ids in the order of the rows, each once.
    """

    def __init__(self, ids: npt.NDArray[Any] | Sequence[str]) -> None:
        self._ids = ids

    # Made when it is first asked for: many tables are opened and never searched.
    @functools.cached_property
    def _row_of(self) -> dict[str, int]:
        names = np.asarray(self._ids, dtype=np.str_).tolist()
        return dict(zip(names, range(len(names)), strict=True))

    def __contains__(self, identity: object) -> bool:
        return identity in self._row_of

    def __iter__(self) -> Iterator[str]:
        return iter(self._row_of)

    def __len__(self) -> int:
        return len(self._row_of)

    def get(self, identity: str) -> int | None:
        """Row of one id; None if it is not there."""
        return self._row_of.get(identity)

    def find(self, ids: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Rows (m,) of m ids, -1 for those that are not there."""
        asked = np.asarray(ids, dtype=np.str_).ravel().tolist()
        found = map(self._row_of.get, asked, itertools.repeat(-1))
        return np.fromiter(found, dtype=np.int64, count=len(asked))

    def rows(self, ids: npt.ArrayLike, refuse: Refuse) -> npt.NDArray[np.int64]:
        """Rows (m,) of m ids, all of which must be there.

        Parameters
        ----------
        ids
            The ids asked for, in any order.
        refuse
            Makes the error from those that are not there, in the order asked for.

        Raises
        ------
        Exception
            What `refuse` returned, if an id is not there.
        """
        rows = self.find(ids)
        if len(rows) and rows.min() < 0:
            asked = np.asarray(ids, dtype=np.str_).ravel()
            raise refuse(asked[rows < 0].tolist())
        return rows
