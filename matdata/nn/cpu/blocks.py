"""Rows cut into blocks that stay in the cache, and that threads share.

Where rows are cut does not depend on the number of threads, so neither do sums over blocks.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from matdata.core.crystals import Array
from matdata.nn.cpu.openmp import share


class Cut:
    """Rows cut into blocks.

    Parameters
    ----------
    offsets : (blocks + 1,)
        First row of each block, and the end of all.
    """

    def __init__(self, offsets: Array) -> None:
        self.offsets, self.count = offsets, len(offsets) - 1

    @classmethod
    def of_rows(cls, count: int, each: int) -> Cut:
        """Blocks of about so many rows each."""
        blocks = max(round(count / each), 1)
        return cls(np.arange(blocks + 1) * count // blocks)

    @classmethod
    def of_sets(cls, offsets: Array, each: int) -> Cut:
        """The same of whole sets, which begin at the offsets."""
        blocks = max(round(int(offsets[-1]) / each), 1)
        cuts = np.searchsorted(offsets, offsets[-1] * np.arange(1, blocks) / blocks)
        return cls(np.unique(np.concatenate([[0], offsets[cuts], offsets[-1:]])))

    def in_threads(self, work: Callable[[int, int], None]) -> None:
        """Call ``work(first, last)`` for all blocks, from threads for one at a time."""
        threads = min(torch.get_num_threads(), self.count)
        if threads <= 1:
            work(0, self.count)
            return
        share(lambda _, first, last: work(first, last), range(self.count + 1), threads)
