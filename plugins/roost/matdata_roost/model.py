"""The network of Roost (R. E. A. Goodall, thesis, ch. 4 and app. A.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import matdata as md
from matdata import nn as blocks
from matdata_roost.hypers import Hypers


class RoostNet(nn.Module):
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

    def __init__(self, hypers: Hypers, heads: Sequence[md.Head]) -> None:
        super().__init__()
        width, attention = hypers.width, (hypers.gates, hypers.hidden)
        self.embedding = blocks.ElementEmbedding(hypers.table, width - 1)
        self.layers = nn.ModuleList(
            blocks.SetMessages(width, hypers.heads, *attention) for _ in range(hypers.layers)
        )
        self.pool = blocks.WeightedAttentionPooling(width, hypers.pool_heads, *attention)
        shared, *own = hypers.output
        self.trunk = blocks.ResidualNetwork(width, shared, hypers.trunk)
        self.heads = blocks.OutputHeads(lambda out: blocks.ResidualNetwork(shared, out, own), heads)

    def forward(self, batch: Any) -> Tensor:
        """Outputs (b, o) of a batch."""
        elements = batch["composition-set"]
        return self.predict(self.represent(elements))

    def represent(self, elements: Any) -> Tensor:
        """Rows of the materials (b, width) from their weighted elements."""
        weights, sets = elements.fractions, blocks.Sets.of(elements, "element")
        nodes = torch.cat([self.embedding(elements.numbers), weights[:, None]], 1)
        for layer in self.layers:
            nodes = layer(nodes, weights, sets)
        pooled: Tensor = self.pool(nodes, weights, sets)
        return pooled

    def predict(self, rows: Tensor) -> Tensor:
        """Outputs (b, o) of rows (b, width)."""
        out: Tensor = self.heads(F.relu(self.trunk(rows)))
        return out
