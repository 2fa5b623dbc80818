"""The stored arrays of a feature, described."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Field:
    """One stored array of a feature.

    Attributes
    ----------
    name
        Name of the array in the store.
    level
        ``crystal``: one entry per crystal. Any other word names a ragged level (``site``,
        ``facet``, ``edge``), whose fields share their offsets.
    shape
        Inner shape of an entry.
    dtype, unit
        NumPy dtype in the store; physical unit, ``1`` when there is none.
    meaning
        What the numbers are.
    """

    name: str
    level: str
    shape: tuple[int, ...]
    dtype: str
    unit: str
    meaning: str

    @property
    def entry_bytes(self) -> int:
        """Bytes of one entry."""
        return int(np.dtype(self.dtype).itemsize * np.prod(self.shape, dtype=np.int64))
