"""The network of CGCNN (T. Xie and J. C. Grossman, PRL 120, 145301, 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matdata import nn as blocks
from matdata_cgcnn.hypers import Hypers


class Convolution(nn.Module):
    """``v_i + sum_j sigmoid(z_ij W_f + b_f) * softplus(z_ij W_s + b_s)`` (eq. 5), normalised.

    ``z_ij = v_i ⊕ v_j ⊕ u_ij``; the layer on z is one on each of its three parts.

    Parameters
    ----------
    width
        Numbers of a site.
    basis
        Numbers of an edge.
    """

    def __init__(self, width: int, basis: int) -> None:
        super().__init__()
        self.pair = blocks.PairLinear(width, 2 * width, extra=basis)
        self.edge = nn.Parameter(
            torch.empty(2 * width, basis).uniform_(-1, 1) / (2 * width + basis) ** 0.5
        )
        self.norm_edges = blocks.CountedBatchNorm(2 * width)
        self.norm_sites = nn.BatchNorm1d(width)

    def forward(self, sites: Tensor, basis: Tensor, edges: blocks.Edges) -> Tensor:
        """Sites (N, width) and numbers of the edges (E, basis) to (N, width)."""
        mixed = self.pair(sites, edges.sender, edges.receiver) + F.linear(basis, self.edge)
        messages = blocks.gated(self.norm_edges(mixed, edges.count))
        if edges.count is not None:
            messages = messages * edges.count
        summed = blocks.segment_sum(messages, edges.sender, len(sites))
        return F.softplus(sites + self.norm_sites(summed))


class CGCNNet(nn.Module):
    """Convolutions on the sites of a crystal, their mean, and a network on it.

    Parameters
    ----------
    hypers
        Sizes.
    sizes
        Numbers of each target.
    outputs
        Columns to return, see `matdata.nn.OutputHeads`.
    """

    def __init__(self, hypers: Hypers, sizes: Sequence[int], outputs: int) -> None:
        super().__init__()
        centres = round(hypers.radius / hypers.step) + 1
        self.basis = blocks.Gaussians(0.0, (centres - 1) * hypers.step, centres, hypers.step)
        self.embedding = blocks.ElementEmbedding(hypers.table, hypers.width)
        self.layers = nn.ModuleList(
            Convolution(hypers.width, centres) for _ in range(hypers.layers)
        )
        hidden = hypers.hidden
        self.trunk = blocks.SimpleNetwork(hypers.width, hidden, [hidden] * hypers.trunk)
        self.heads = blocks.OutputHeads(
            lambda out: blocks.SimpleNetwork(hidden, out, [hidden] * hypers.output),
            sizes,
            outputs,
        )

    def forward(self, batch: Any) -> Tensor:
        """Outputs (b, o) of a batch."""
        graph = batch["graph"]
        ends = graph.sender, graph.receiver
        edges = blocks.Edges.distinct(*ends, graph.distance, len(graph.numbers))
        sites, basis = self.embedding(graph.numbers), self.basis(edges.distance)
        for layer in self.layers:
            sites = layer(sites, basis, edges)
        rows = F.softplus(blocks.segment_mean(sites, graph.crystal, len(batch)))
        out: Tensor = self.heads(F.relu(self.trunk(rows)))
        return out
