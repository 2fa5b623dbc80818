"""The network of Roost (R. E. A. Goodall, thesis, ch. 4 and app. A.1)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from matdata.plugin import Batch, CompositionSetBatch, Head
from matdata.plugin import nn as blocks
from matdata_roost.hypers import Hypers


class RoostNet(blocks.TrunkAndHeads):
    """Elements pass messages, are pooled by attention, and a residual network predicts.

    Where thesis and published code differ, this is the code: the powers of the weights in eq. 4.3
    are trained, heads are averaged (4.4 sums them), the fourth layer of the output network has no
    skip connection, and the fifth has 128 units (126 in the thesis).

    Parameters
    ----------
    hypers
        Sizes.
    heads
        Columns to return, see `matdata.nn.OutputHeads`.
    """

    def __init__(self, hypers: Hypers, heads: Sequence[Head]) -> None:
        super().__init__()
        width, attention = hypers.width, (hypers.gates, hypers.hidden)
        self.embedding = blocks.ElementEmbedding(hypers.table, width - 1)
        self.layers = nn.ModuleList(
            blocks.SetMessages(width, hypers.heads, *attention) for _ in range(hypers.layers)
        )
        self.pool = blocks.WeightedAttentionPooling(width, hypers.pool_heads, *attention)
        shared, *own = hypers.output
        self.end_with(
            blocks.ResidualNetwork(width, shared, hypers.trunk),
            lambda out: blocks.ResidualNetwork(shared, out, own),
            heads,
        )

    def forward(self, batch: Batch) -> Tensor:
        """Outputs (b, o) of a batch."""
        elements = batch.get("composition-set", CompositionSetBatch)
        return self.predict(self.represent(elements))

    def represent(self, elements: CompositionSetBatch) -> Tensor:
        """Rows of the materials (b, width) from their weighted elements."""
        weights, sets = elements.fractions, elements.segments["element"]
        nodes = torch.cat([self.embedding(elements.numbers), weights[:, None]], 1)
        for layer in self.layers:
            nodes = layer(nodes, weights, sets)
        pooled: Tensor = self.pool(nodes, weights, sets)
        return pooled
