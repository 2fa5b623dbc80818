"""The network of CGCNN (T. Xie and J. C. Grossman, PRL 120, 145301, 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

import matdata as md
from matdata import nn as blocks
from matdata_cgcnn.hypers import Hypers


class CGCNNet(nn.Module):
    """Convolutions on the sites of a crystal, their mean, and a network on it.

    Parameters
    ----------
    hypers
        Sizes.
    heads
        Columns to return, see `matdata.nn.OutputHeads`.
    """

    def __init__(self, hypers: Hypers, heads: Sequence[md.Head]) -> None:
        super().__init__()
        centres = round(hypers.radius / hypers.step) + 1
        self.basis = blocks.Gaussians(0.0, (centres - 1) * hypers.step, centres, hypers.step)
        self.embedding = blocks.ElementEmbedding(hypers.table, hypers.width)
        self.layers = nn.ModuleList(
            blocks.GatedConvolution(hypers.width, centres) for _ in range(hypers.layers)
        )
        hidden = hypers.hidden
        self.trunk = blocks.SimpleNetwork(hypers.width, hidden, [hidden] * hypers.trunk)
        self.heads = blocks.OutputHeads(
            lambda out: blocks.SimpleNetwork(hidden, out, [hidden] * hypers.output),
            heads,
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
