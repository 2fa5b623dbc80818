"""The network of MEGNet (C. Chen et al., Chem. Mater. 31, 3564, 2019), as matgl has it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from matdata.plugin import N_ELEMENTS, Batch, GraphBatch, Head
from matdata.plugin import nn as blocks
from matdata_megnet.hypers import Hypers
from matdata_megnet.layers import Block, Dense, Ends, Set2Set

#: Channels of the global state, which are 0: crystals have no state of their own here.
STATE = 2


class MEGNetwork(nn.Module):
    """Blocks of convolutions on edges, sites and a state, pooled by set2set.

    The state of each crystal begins as two zeros, as in all published models of crystals. The
    authors' own code reduces sites and edges to 16 channels within set2set; here, as in matgl,
    they keep theirs. Edges that are equal for the network are computed once (`blocks.Edges`).

    Parameters
    ----------
    hypers
        Sizes.
    heads
        Columns to return, see `matdata.nn.OutputHeads`.
    """

    def __init__(self, hypers: Hypers, heads: Sequence[Head]) -> None:
        super().__init__()
        sizes, dense = hypers.sizes(), hypers.dense
        width = dense[-1]
        self.embedding = nn.Embedding(N_ELEMENTS + 1, hypers.embedding)  # row 0 is of no element
        self.basis = blocks.Gaussians(
            blocks.GaussianBasis(0.0, sizes.last, sizes.centres, sizes.gaussian_width)
        )
        self.edge_encoder = Dense([sizes.centres, *dense])
        self.node_encoder = Dense([hypers.embedding, *dense])
        self.state_encoder = Dense([STATE, *dense])
        self.blocks = nn.ModuleList(
            Block(width, dense if number else (), hypers.convolution)
            for number in range(hypers.blocks)
        )
        self.edge_s2s = Set2Set(width, sizes.steps)
        self.node_s2s = Set2Set(width, sizes.steps)
        self.trunk = Dense([5 * width, *hypers.output])
        self.heads = blocks.OutputHeads(
            lambda columns: blocks.Linear(hypers.output[-1], columns), heads
        )

    def forward(self, batch: Batch) -> Tensor:
        """Outputs (b, o) of a batch."""
        graph = batch.get("graph", GraphBatch)
        crystals = graph.segments["site"]
        held = blocks.Edges.distinct(
            graph.sender, graph.receiver, graph.distance, len(graph.numbers)
        )
        ends = _ends(held, graph)
        edges = held.by_length(self.edge_encoder(self.basis(held.lengths)))
        # elements are encoded once each, however many sites they are on
        sites = self.node_encoder(self.embedding.weight).index_select(0, graph.numbers)
        zero = edges.new_zeros(1, STATE)
        state = self.state_encoder(zero).expand(crystals.count, -1)
        for block in self.blocks:
            edges, sites, state = block(edges, sites, state, ends, crystals)
        log_count = None if held.count is None else held.count.log()
        pooled = [
            self.node_s2s(sites, crystals),
            self.edge_s2s(edges, ends.sums.edges, log_count),
            state,
        ]
        outputs: Tensor = self.heads(self.trunk(torch.cat(pooled, 1)))
        return outputs


def _ends(held: blocks.Edges, graph: GraphBatch) -> Ends:
    """Ends of the edges, and the numbers of all edges by site and by crystal."""
    degree, sites = held.degree(len(graph.numbers)), graph.segments["site"]
    number = graph.segments["edge"].lengths.to(degree.dtype)[:, None]
    edges = graph.segments["edge"]
    if held.count is not None:  # distinct ones, on a CPU
        edges = blocks.Segments(torch.searchsorted(held.sender, sites.offsets))
    sums = blocks.EdgeSums(held.sender, held.receiver, held.count, sites, edges)
    return Ends(sums, degree, number.clamp(min=1.0))
