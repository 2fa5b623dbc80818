"""The network of SchNet (K. T. Schütt et al., J. Chem. Phys. 148, 241722, 2018)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from matdata.plugin import N_ELEMENTS, Batch, GraphBatch, Head
from matdata.plugin import nn as blocks
from matdata_schnet.hypers import Hypers
from matdata_schnet.layers import Interaction, Neighbours


class SchNetwork(nn.Module):
    """Interactions between sites, and an output of each site that is averaged or summed.

    Edges that are equal for the network are computed once (`blocks.Edges`), and filters once per
    length. A site without edges keeps what the layers make of its element.

    Parameters
    ----------
    hypers
        Sizes.
    heads
        Columns to return, see `matdata.nn.OutputHeads`.
    """

    def __init__(self, hypers: Hypers, heads: Sequence[Head]) -> None:
        super().__init__()
        sizes = hypers.sizes()
        self.sizes, self.readout = sizes, hypers.readout
        self.embedding = nn.Embedding(N_ELEMENTS + 1, sizes.channels)  # row 0 is of no element
        self.basis = blocks.Gaussians(
            blocks.GaussianBasis(0.0, sizes.radius, sizes.gaussians, sizes.width)
        )
        self.interactions = nn.ModuleList(Interaction(sizes) for _ in range(sizes.interactions))
        hidden = sizes.channels // 2
        self.trunk = blocks.Linear(sizes.channels, hidden)
        self.heads = blocks.OutputHeads(lambda columns: blocks.Linear(hidden, columns), heads)
        blocks.start_as_keras(self)  # as the authors' code, and PyG

    def forward(self, batch: Batch) -> Tensor:
        """Outputs (b, o) of a batch."""
        return self._pooled(self.heads(self._rows(batch)), batch)

    def embeddings(self, batch: Batch) -> Tensor:
        """What the heads read of the sites, pooled as their outputs are, (b, channels / 2)."""
        return self._pooled(self._rows(batch), batch)

    def _rows(self, batch: Batch) -> Tensor:
        """What the heads read of each site."""
        graph = batch.get("graph", GraphBatch)
        neighbours = self._neighbours(graph)
        sites: Tensor = self.embedding(graph.numbers)
        for block in self.interactions:
            sites = block(sites, neighbours)
        return blocks.shifted_softplus(self.trunk(sites))

    def _pooled(self, values: Tensor, batch: Batch) -> Tensor:
        crystals = batch.get("graph", GraphBatch).segments["site"]
        return crystals.mean(values) if self.readout == "mean" else crystals.sum(values)

    def _neighbours(self, graph: GraphBatch) -> Neighbours:
        count = len(graph.numbers)
        edges = blocks.Edges.distinct(graph.sender, graph.receiver, graph.distance, count)
        weight = edges.share_of_sender(count) if self.sizes.neighbours == "mean" else edges.count
        if self.sizes.cutoff == "cosine":
            damping = 0.5 * (torch.cos(edges.distance * (math.pi / self.sizes.radius)) + 1.0)
            weight = damping[:, None] if weight is None else weight * damping[:, None]
        return Neighbours(edges, self.basis(edges.lengths), weight)
