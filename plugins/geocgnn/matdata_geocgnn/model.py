"""The network of GeoCGNN (J. Cheng, C. Zhang and L. Dong, Commun. Mater. 2, 92, 2021)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from matdata.plugin import N_ELEMENTS, Batch, GraphBatch, Head
from matdata.plugin import nn as blocks
from matdata_geocgnn.basis import PlaneWaves, RadialFunctions
from matdata_geocgnn.hypers import Hypers
from matdata_geocgnn.layers import GatedPooling, MaskedConvolution, NormalisedLayer, Seen


class GeoCGNNetwork(nn.Module):
    """Blocks of a convolution, a pooling and a layer; what they pool is added.

    The authors' code holds weights that nothing reads: a gate of the radial functions, a second
    normalisation in each pooling, and the layer of the last block. They are not here.

    Parameters
    ----------
    hypers
        Sizes.
    heads
        Columns to return, see `matdata.nn.OutputHeads`.
    """

    def __init__(self, hypers: Hypers, heads: Sequence[Head]) -> None:
        super().__init__()
        sizes, widths = hypers.sizes(), hypers.widths()
        channels = sizes.channels
        # a linear layer on one-hot vectors; row 0 is of no element
        self.embedding = nn.Embedding(N_ELEMENTS + 1, channels)
        nn.init.uniform_(
            self.embedding.weight, -1 / math.sqrt(N_ELEMENTS), 1 / math.sqrt(N_ELEMENTS)
        )
        self.radial = RadialFunctions(hypers.radius, hypers.gaussians)
        self.waves = PlaneWaves(hypers.mesh)
        self.convolutions = nn.ModuleList(
            MaskedConvolution(channels, hypers.gaussians, hypers.mesh**3)
            for _ in range(sizes.blocks)
        )
        self.poolings = nn.ModuleList(
            GatedPooling(channels, hypers.pooling == "mean") for _ in range(sizes.blocks)
        )
        self.layers = nn.ModuleList(
            NormalisedLayer(channels, channels) for _ in range(sizes.blocks - 1)
        )
        self.trunk = nn.Sequential(*(NormalisedLayer(a, b) for a, b in itertools.pairwise(widths)))
        self.heads = blocks.OutputHeads(
            lambda columns: blocks.Linear(widths[-1], columns, bias=False), heads
        )

    def forward(self, batch: Batch) -> Tensor:
        """Outputs (b, o) of a batch."""
        graph = batch.get("graph", GraphBatch)
        ends = graph.sender, graph.receiver
        edges = blocks.Edges.distinct(*ends, graph.distance, len(graph.numbers), with_place=True)
        seen = Seen(edges, self.radial(edges.lengths), self.waves(graph))
        sites = torch.sigmoid(self.embedding.weight).index_select(0, graph.numbers)
        crystals = graph.segments["site"]
        pooled = []
        for number, (convolution, pooling) in enumerate(
            zip(self.convolutions, self.poolings, strict=True)
        ):
            if number:
                sites = self.layers[number - 1](sites)
            sites = convolution(sites, seen)
            pooled.append(pooling(sites, crystals))
        outputs: Tensor = self.heads(self.trunk(torch.stack(pooled).sum(0)))
        return outputs
