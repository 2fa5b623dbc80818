"""Quotient graphs in a batch."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from matdata.plugin import BatchForm, Segments, unsigned
from matdata_quotient.feature import QuotientGraphSettings


class QuotientGraphBatch(BatchForm[QuotientGraphSettings]):
    """``quotient-graph``: nodes are classes of equivalent sites.

    numbers (N,), multiplicity (N, 1), sender and receiver (E,) among the N nodes, distance (E,) in
    Å, count (E, 1); `nodes` are those of the materials.
    """

    @property
    def nodes(self) -> Segments:
        """Where the nodes of each material are."""
        return self.segments["node"]

    @functools.cached_property
    def numbers(self) -> Tensor:
        """Atomic number of each node, (N,) int64."""
        return self.fields["numbers"].to(torch.int64)

    @functools.cached_property
    def multiplicity(self) -> Tensor:
        """Sites that each node stands for, (N, 1) float32."""
        return self.fields["multiplicity"].to(torch.float32)[:, None]

    @functools.cached_property
    def begin(self) -> Tensor:
        """First node of the material of each edge, (E,) int64."""
        return self.nodes.offsets.index_select(0, self.segments["edge"].owner)

    @functools.cached_property
    def sender(self) -> Tensor:
        """Node whose neighbour each edge names, (E,) int64, ascending."""
        return unsigned(self.fields["sender"]) + self.begin

    @functools.cached_property
    def receiver(self) -> Tensor:
        """That neighbour, (E,) int64."""
        return unsigned(self.fields["receiver"]) + self.begin

    @property
    def distance(self) -> Tensor:
        """Distance of the two in Å, (E,) float32."""
        return self.fields["distance"]

    @functools.cached_property
    def count(self) -> Tensor:
        """Edges of one site that each stands for, (E, 1) float32."""
        return self.fields["count"].to(torch.float32)[:, None]

    def dense(self) -> Tensor:
        """Sender and receiver within the material, distance and count, (E, 4) float32."""
        ends = [unsigned(self.fields[name])[:, None] for name in ("sender", "receiver")]
        return torch.cat([*ends, self.distance[:, None], self.count], 1).to(torch.float32)
