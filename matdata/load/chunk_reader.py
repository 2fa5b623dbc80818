"""The chunks of an epoch, gathered one after another. No torch here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int
from matdata.load.batching import Plan
from matdata.load.chunk import Chunk
from matdata.load.columns import Allocate
from matdata.load.readers import Source
from matdata.load.targets import Targets


class ChunkReader:
    """Gathers what the materials of consecutive batches have.

    Parameters
    ----------
    source
        Where columns lie.
    targets, weights
        Of all materials of the loader.
    allocate
        Makes the arrays that are gathered into.
    batches
        Batches per chunk.
    """

    def __init__(
        self,
        source: Source,
        targets: Targets,
        weights: npt.NDArray[np.float32] | None,
        allocate: Allocate,
        batches: int,
    ) -> None:
        self._source = source
        self._targets = targets
        self._weights = weights
        self._allocate = allocate
        self._batches = batches

    def chunks(self, plan: Plan, windows: Sequence[Int], first: int = 0) -> Iterator[Chunk]:
        """Chunks of an epoch from batch `first` on, each gathered when it is asked for.

        Parameters
        ----------
        plan
            The batches.
        windows
            Materials that are read together, in order.
        first
            A batch of the plan.
        """
        self._source.begin(windows)
        starts = range(first, len(plan), self._batches)
        return (self._chunk(plan, start, start + self._batches) for start in starts)

    def _chunk(self, plan: Plan, first: int, last: int) -> Chunk:
        bounds = plan.bounds[first : last + 1]
        rows = plan.rows[bounds[0] : bounds[-1]]
        return Chunk(
            rows,
            bounds - bounds[0],
            self._source.take(rows, self._allocate),
            self._targets.take(rows, self._allocate),
            None if self._weights is None else self._weights[rows],
        )
