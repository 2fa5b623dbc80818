"""The network: gated convolutions on a quotient graph, the mean over sites, output layers."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from matdata.plugin import N_ELEMENTS, Batch, Head
from matdata.plugin import nn as blocks
from matdata_quotient.batch import QuotientGraphBatch
from matdata_quotient.hypers import Hypers
from matdata_quotient.layers import Convolution, Links, Perceptron


class QuotientNetwork(nn.Module):
    """Convolutions on classes of equivalent sites, and a mean that counts all sites.

    A site begins as a linear layer on the vector of its element, and a vector that is learnt for
    each element: what is known of it serves elements that are rare, the rest is learnt.

    Parameters
    ----------
    hypers
        Sizes.
    heads
        Columns to return, see `matdata.nn.OutputHeads`.
    """

    def __init__(self, hypers: Hypers, heads: Sequence[Head]) -> None:
        super().__init__()
        step = hypers.last / (hypers.centres - 1)
        self.basis = blocks.Gaussians(blocks.GaussianBasis(0.0, hypers.last, hypers.centres, step))
        self.embedding = blocks.ElementEmbedding(hypers.table, hypers.width)
        self.correction = nn.Embedding(N_ELEMENTS + 1, hypers.width)  # row 0 is of no element
        nn.init.normal_(self.correction.weight, std=0.1)
        self.layers = nn.ModuleList(
            Convolution(hypers.width, hypers.centres, hypers.update) for _ in range(hypers.layers)
        )
        self.trunk = blocks.Linear(hypers.width, hypers.hidden)
        self.heads = blocks.OutputHeads(
            lambda columns: Perceptron(hypers.hidden, hypers.hidden, columns), heads
        )

    def forward(self, batch: Batch) -> Tensor:
        """Outputs (b, o) of a batch."""
        graph = batch.get("quotient-graph", QuotientGraphBatch)
        sites = graph.multiplicity
        of_all = graph.count * sites.index_select(0, graph.sender)
        links = Links(graph.sender, graph.receiver, graph.count, sites, of_all)
        basis = self.basis(graph.distance)
        nodes = self.embedding(graph.numbers) + self.correction(graph.numbers)
        for layer in self.layers:
            nodes = layer(nodes, basis, links)
        mean = graph.nodes.sum(nodes * sites) / graph.nodes.sum(sites)
        outputs: Tensor = self.heads(F.silu(self.trunk(mean)))
        return outputs
