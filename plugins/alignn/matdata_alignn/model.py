"""The network of ALIGNN (K. Choudhary and B. DeCost, npj Comput. Mater. 7, 185, 2021)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matdata.plugin import Batch, Head, LineGraphBatch
from matdata.plugin import nn as blocks
from matdata_alignn.hypers import Hypers
from matdata_alignn.layers import EdgeGatedConvolution, Layer, NumberEmbedding
from matdata_alignn.parts import Parts

#: Numbers per channel of a pair that a layer keeps for its gradient, and the most that lie side by
#: side without one.
KEPT, AT_ONCE = 6, 5


class ALIGNNetwork(nn.Module):
    """Convolutions on the sites and edges of a crystal and on pairs of edges; the mean of sites.

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
        embedding, self.width = sizes.embedding, sizes.width
        self.images_twice = hypers.own_images == "twice"
        self.atom = blocks.ElementEmbedding(hypers.table, self.width)
        self.atom_norm = blocks.CountedBatchNorm(self.width)
        self.distance = NumberEmbedding(
            0.0, hypers.longest, hypers.distances, embedding, self.width
        )
        self.angle = NumberEmbedding(-1.0, 1.0, hypers.angles, embedding, self.width)
        self.layers = nn.ModuleList(Layer(self.width) for _ in range(sizes.alignn_layers))
        self.gcn_layers = nn.ModuleList(
            EdgeGatedConvolution(self.width) for _ in range(sizes.gcn_layers)
        )
        self.heads = blocks.OutputHeads(lambda columns: blocks.Linear(self.width, columns), heads)

    def forward(self, batch: Batch) -> Tensor:
        """Outputs (b, o) of a batch."""
        graph = batch.get("line-graph", LineGraphBatch)
        parts = Parts.of(graph, len(self.layers) > 0, self.images_twice).distinct()
        self._require_memory(graph, parts)
        count = parts.count
        sites = F.silu(self.atom_norm(self.atom(parts.numbers), count))
        edges: Tensor = self.distance(parts.distance, parts.edges.count)
        if len(self.layers):
            sites, edges = self._by_angles(sites, edges, parts)
        for number, layer in enumerate(self.gcn_layers, 1):
            last = number == len(self.gcn_layers)
            sites, edges = layer(sites, count, edges, parts.edges, last)
        counted = sites if count is None else sites * count
        total = blocks.segment_sum(counted, parts.crystal, graph.size)
        outputs: Tensor = self.heads(total / graph.segments["site"].lengths[:, None])
        return outputs

    def _by_angles(self, sites: Tensor, edges: Tensor, parts: Parts) -> tuple[Tensor, Tensor]:
        """Sites (N, w) and edges (E, w) after the layers that know the line graph."""
        layers = cast("list[Layer]", list(self.layers))
        pairs: Tensor = self.angle(parts.cosine, parts.pairs.count)
        for number, layer in enumerate(layers, 1):
            sites, edges = layer.of_sites(sites, parts.count, edges, parts.edges)
            last = number == len(layers)
            edges, pairs = layer.of_edges(edges, parts.edges.count, pairs, parts.pairs, last)
        return sites, edges

    def _require_memory(self, graph: LineGraphBatch, parts: Parts) -> None:
        """Refuse a batch whose channels of pairs do not fit into memory."""
        all_pairs = graph.segments["pair"].total
        if len(self.layers) and all_pairs:
            tensors = KEPT * len(self.layers) if torch.is_grad_enabled() else AT_ONCE
            share = len(parts.cosine) / all_pairs  # equal pairs are held once
            graph.require_memory(math.ceil(4 * self.width * tensors * share))
