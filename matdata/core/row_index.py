"""Rows of materials by their ids: the one checked look-up."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence

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

    def __init__(self, ids: npt.NDArray[np.generic] | Sequence[str]) -> None:
        self._ids = ids

    # Each is made when it is first asked for: many tables are opened and never searched. Many ids
    # are found by sorted texts, which takes a fifth of the time where both are sorted already, as
    # tables and parts of splits are; a single one by its hash.
    @functools.cached_property
    def _row_of(self) -> dict[str, int]:
        names = np.asarray(self._ids, dtype=np.str_).tolist()
        return dict(zip(names, range(len(names)), strict=True))

    @functools.cached_property
    def _sorted(self) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.int64]]:
        names = np.asarray(self._ids, dtype=np.str_)
        order = np.argsort(names, kind="stable").astype(np.int64)
        return names[order], order

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
        asked = np.asarray(ids, dtype=np.str_).ravel()
        names, order = self._sorted
        if not len(names):
            return np.full(len(asked), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(names, asked), len(names) - 1)
        return np.where(names[place] == asked, order[place], -1)

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
