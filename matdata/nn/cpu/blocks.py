"""Rows cut into blocks that stay in the cache, and that threads share.

Where rows are cut does not depend on the number of threads, so neither do sums over blocks.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from matdata.core.crystals import Array
from matdata.nn.cpu.openmp import in_threads, parts_of_blocks


class Cut:
    """Rows cut into blocks.

    Parameters
    ----------
    offsets : (blocks + 1,)
        First row of each block, and the end of all.
    """

    def __init__(self, offsets: Array) -> None:
        self.offsets, bounds = offsets, offsets.tolist()
        self.slices = [slice(*pair) for pair in itertools.pairwise(bounds)]
        self.lengths = [one.stop - one.start for one in self.slices]

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

    def tensors(self, rows: Tensor) -> Sequence[Tensor]:
        """The rows of each block."""
        return torch.split(rows, self.lengths) if len(self.lengths) > 1 else (rows,)

    def arrays(self, rows: Array) -> Sequence[Array]:
        """The rows of each block."""
        return [rows[one] for one in self.slices]

    def each(self, block: Callable[[int], None]) -> None:
        """Call it with the numbers of all blocks, in threads where there are several."""
        count = len(self.lengths)
        if count == 1:
            block(0)
            return
        inference = torch.is_inference_mode_enabled()

        def work(_: int, first: int, last: int) -> None:
            with torch.inference_mode(inference):
                for number in range(first, last):
                    block(number)

        in_threads(work, self.offsets, parts_of_blocks(count))
