"""The network of CGCNN (T. Xie and J. C. Grossman, PRL 120, 145301, 2018)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from matdata.plugin import Batch, GraphBatch, Head
from matdata.plugin import nn as blocks
from matdata_cgcnn.hypers import Hypers


class CGCNNet(blocks.TrunkAndHeads):
    """Convolutions on the sites of a crystal, their mean, and a network on it.

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
        softplus = sizes.activation == "softplus"
        self.activation: Callable[[Tensor], Tensor] = F.softplus if softplus else F.relu
        centres = round(sizes.radius / hypers.step) + 1
        basis = blocks.GaussianBasis(0.0, (centres - 1) * hypers.step, centres, hypers.step)
        self.basis = blocks.Gaussians(basis)
        self.embedding = blocks.ElementEmbedding(hypers.table, hypers.width)
        self.layers = nn.ModuleList(
            blocks.GatedConvolution(hypers.width, centres) for _ in range(sizes.layers)
        )
        hidden = hypers.hidden
        self.end_with(
            blocks.SimpleNetwork(hypers.width, hidden, [hidden] * sizes.trunk),
            lambda out: blocks.SimpleNetwork(hidden, out, [hidden] * sizes.output),
            heads,
        )

    def forward(self, batch: Batch) -> Tensor:
        """Outputs (b, o) of a batch."""
        graph = batch.get("graph", GraphBatch)
        ends = graph.sender, graph.receiver
        edges = blocks.Edges.distinct(*ends, graph.distance, len(graph.numbers))
        sites, basis = self.embedding(graph.numbers), self.basis(edges.distance)
        for layer in self.layers:
            sites = layer(sites, basis, edges)
        rows = self.trunk(F.softplus(graph.segments["site"].mean(sites)))
        out: Tensor = self.heads(self.activation(rows))
        return out
