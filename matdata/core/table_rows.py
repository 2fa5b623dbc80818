"""`TableRows`: the cells of some columns of the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class TableRows:
    """What a featurizer of columns is given.

    Attributes
    ----------
    ids : (n,) str
        Material ids.
    columns
        By name n cells, None where one is missing.
    """

    ids: npt.NDArray[np.str_]
    columns: Mapping[str, Sequence[Any]]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, key: Any) -> TableRows:
        """The rows given by a slice, a mask (n,) or integers (k,), in that order."""
        rows = np.arange(len(self))[key].tolist()
        columns = {name: [column[row] for row in rows] for name, column in self.columns.items()}
        return TableRows(self.ids[key], columns)
