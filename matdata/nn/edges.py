"""Edges that are equal for a network that sees their ends and lengths alone, held once.

A site of a symmetric crystal has several neighbours that are images of one site at one distance.
Their messages are the same numbers, so they are computed once and counted: sums, means and
variances over all edges are weighted ones over the distinct edges, by the same algebra.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch import Tensor

from matdata.nn.segments import segment_sum

#: Sites above which two of them and a distance no longer fit into 63 bits.
MOST_SITES = 1 << 16
_DISTANCE_BITS = 31


@dataclass(frozen=True, eq=False)
class Edges:
    """Directed edges between sites.

    Attributes
    ----------
    sender, receiver : (E,) int64
        Sites; senders ascend.
    distance : (E,) float32
        Lengths, Å.
    count : (E, 1) float32, optional
        How many edges each stands for; one if not given.
    place : (G,) int64, optional
        Which of them stands for each of the edges that `distinct` was given.
    """

    sender: Tensor
    receiver: Tensor
    distance: Tensor
    count: Tensor | None = None
    place: Tensor | None = None

    @classmethod
    def distinct(
        cls,
        sender: Tensor,
        receiver: Tensor,
        distance: Tensor,
        sites: int,
        with_place: bool = False,
    ) -> Edges:
        """Edges with the same ends and, to the bit, the same length, as one.

        On an accelerator, where counting them would wait for the device, and for float64 or more
        sites than fit, edges stay as they are.

        Parameters
        ----------
        sender, receiver, distance : (G,)
            As in `Edges`, in any order.
        sites
            Number of sites.
        with_place
            Whether `place` is needed, as `summed` does.
        """
        whole = distance.device.type != "cpu" or distance.dtype != torch.float32
        if whole or sites >= MOST_SITES or not len(sender):
            return cls(sender, receiver, distance)
        # bits of a float that is not negative ascend as it does
        bits = (distance + 0.0).view(torch.int32).to(torch.int64)
        keys, *more, count = torch.unique(
            ((sender * sites + receiver) << _DISTANCE_BITS) | bits,
            return_inverse=with_place,
            return_counts=True,
        )
        ends = keys >> _DISTANCE_BITS
        length = (keys & ((1 << _DISTANCE_BITS) - 1)).to(torch.int32).view(torch.float32)
        counted = count.to(torch.float32)[:, None]
        sender, receiver = torch.div(ends, sites, rounding_mode="floor"), ends % sites
        return cls(sender, receiver, length, counted, *more)

    @functools.cached_property
    def _distinct_lengths(self) -> tuple[Tensor, Tensor | None]:
        """Lengths (L,), and for each edge its place among them (E,) if they are fewer."""
        if self.distance.device.type != "cpu":  # it would wait for their number
            return self.distance, None
        lengths, place = torch.unique(self.distance, return_inverse=True)
        return lengths, place

    @property
    def lengths(self) -> Tensor:
        """Distinct lengths (L,), Å; on an accelerator that of each edge."""
        return self._distinct_lengths[0]

    def by_length(self, rows: Tensor) -> Tensor:
        """Rows of `lengths` (L, ...) to rows of edges (E, ...)."""
        place = self._distinct_lengths[1]
        return rows if place is None else rows.index_select(0, place)

    def summed(self, rows: Tensor) -> Tensor:
        """Rows of the edges that `distinct` was given (G, ...), summed over equal ones (E, ...)."""
        return rows if self.place is None else segment_sum(rows, self.place, len(self.sender))

    def degree(self, sites: int) -> Tensor:
        """Edges that leave each site, (sites, 1), at least 1; each as often as it counts."""
        count = self.count
        if count is None:
            count = self.distance.new_ones(len(self.distance), 1)
        return segment_sum(count, self.sender, sites).clamp(min=1.0)

    def share_of_sender(self, sites: int) -> Tensor:
        """Share of each edge in those that leave its site, (E, 1): a sum by it is a mean."""
        share = self.degree(sites).reciprocal().index_select(0, self.sender)
        return share if self.count is None else share * self.count
