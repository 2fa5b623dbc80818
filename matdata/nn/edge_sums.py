"""Which sites edges are between, and the sums over the edges that leave each."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from matdata.core.crystals import Array
from matdata.nn.cpu.autograd import array
from matdata.nn.cpu.blocks import Cut
from matdata.nn.segments import Segments, segment_sum

#: Rows of a block of edges, about: few enough for the cache, enough for the calls of a block.
ROWS = 2048


class EdgeSums:
    """Which sites edges are between, and how often each counts in sums over a site's.

    Parameters
    ----------
    sender, receiver : (E,) int64
        Sites of each edge, both of one crystal, in any order within it.
    count : (E, 1), optional
        How many edges each stands for; one if not given.
    sites, edges
        Those of each crystal.
    """

    def __init__(
        self,
        sender: Tensor,
        receiver: Tensor,
        count: Tensor | None,
        sites: Segments,
        edges: Segments,
    ) -> None:
        self.sender, self.receiver, self.count = sender, receiver, count
        self.sites, self.edges = sites, edges

    def total(self, edges: Tensor) -> Tensor:
        """Sums over the edges that leave each site, (E, w) to (N, w)."""
        counted = edges if self.count is None else edges * self.count
        return segment_sum(counted, self.sender, self.sites.total)

    @functools.cached_property
    def arrays(self) -> tuple[Array, Array, Array]:
        """Sender, receiver and count (E,) for compiled loops."""
        count = self.sender.new_ones(len(self.sender), dtype=torch.float32)
        if self.count is not None:
            count = self.count.flatten()
        return array(self.sender), array(self.receiver), array(count)

    @functools.cached_property
    def cut(self) -> Cut:
        """Blocks of whole crystals.

        Raises
        ------
        IndexError
            If an end is no site of its edge's crystal.
        """
        sender, receiver, count = self.arrays
        sites, owner = self.sites.host_offsets, self.edges.host_offsets
        owner = np.repeat(np.arange(len(owner) - 1), np.diff(owner))
        same = len(sites) - 1 == self.edges.count
        if not same or not len(sender) == len(receiver) == len(count) == len(owner):
            raise IndexError(f"{len(sender)} edges with receivers, counts or crystals of others")
        first, end = sites[owner], sites[owner + 1]
        inside = [(first <= ends) & (ends < end) for ends in (sender, receiver)]
        if not np.all(inside):
            raise IndexError("an end of edges is in another crystal")
        return Cut.of_sets(self.edges.host_offsets, ROWS)
