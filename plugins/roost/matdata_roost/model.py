"""The network of Roost (R. E. A. Goodall, thesis, ch. 4 and app. A.1)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matdata.plugin import Batch, CompositionSetBatch, Head
from matdata.plugin import nn as blocks
from matdata_roost.hypers import Hypers
from matdata_roost.means import MeanMessages, MeanPooling


class RoostNet(blocks.TrunkAndHeads):
    """Elements pass messages, are pooled by attention, and a residual network predicts.

    Where thesis and published code differ, this is the code: the powers of the weights in eq. 4.3
    are trained, heads are averaged (4.4 sums them), the fourth layer of the output network has no
    skip connection, and the fifth has 128 units (126 in the thesis). Of the ablations of section
    4.6 the thesis says what differs, not how it was made; README.md has how it is made here.

    Parameters
    ----------
    hypers
        Sizes and design choices.
    heads
        Columns to return, see `matdata.nn.OutputHeads`.
    """

    def __init__(self, hypers: Hypers, heads: Sequence[Head]) -> None:
        super().__init__()
        self.hypers = hypers
        width = hypers.width
        own = width - 1 if hypers.node_weights else width
        self.embedding = blocks.ElementEmbedding(hypers.table, own)
        self.layers = nn.ModuleList(self._messages() for _ in range(hypers.layers))
        self.pool = self._pooling()
        if not hypers.output_network:
            self.end_with(nn.Identity(), lambda out: blocks.Linear(width, out), heads)
            return
        shared, *widths = hypers.output
        self.end_with(
            self._network(width, shared, hypers.trunk),
            lambda out: self._network(shared, out, widths),
            heads,
        )

    def _messages(self) -> nn.Module:
        hypers = self.hypers
        if hypers.pooling == "mean":
            return MeanMessages(hypers.width, hypers.hidden, hypers.message_residual)
        return blocks.SetMessages(
            *(hypers.width, hypers.heads, hypers.gates, hypers.hidden),
            powers=hypers.pool_weights,
            residual=hypers.message_residual,
        )

    def _pooling(self) -> nn.Module:
        hypers = self.hypers
        if hypers.pooling == "mean":
            return MeanPooling(hypers.width, hypers.hidden)
        return blocks.WeightedAttentionPooling(
            *(hypers.width, hypers.pool_heads, hypers.gates, hypers.hidden),
            powers=hypers.pool_weights,
        )

    def _network(self, width_in: int, width_out: int, hidden: Sequence[int]) -> nn.Module:
        if self.hypers.output_residual:
            return blocks.ResidualNetwork(width_in, width_out, hidden)
        return blocks.SimpleNetwork(width_in, width_out, hidden, slope=0.0)

    def forward(self, batch: Batch) -> Tensor:
        """Outputs (b, o) of a batch."""
        elements = batch.get("composition-set", CompositionSetBatch)
        return self.predict(self.represent(elements))

    def predict(self, rows: Tensor) -> Tensor:
        """Rows of materials (b, width) to (b, outputs)."""
        if self.hypers.output_network:
            return super().predict(rows)
        out: Tensor = self.heads(rows)  # no ReLU before the one linear layer
        return out

    def represent(self, elements: CompositionSetBatch) -> Tensor:
        """Rows of the materials (b, width) from their weighted elements."""
        fractions, sets = elements.fractions, elements.segments["element"]
        weights = fractions if self.hypers.pool_weights else torch.ones_like(fractions)
        nodes: Tensor | blocks.TableNodes = self._nodes(elements)
        for layer in self.layers:
            nodes = layer(nodes, weights, sets)
        pooled: Tensor = self.pool(nodes, weights, sets)
        return pooled

    def _nodes(self, elements: CompositionSetBatch) -> Tensor | blocks.TableNodes:
        """Embedded elements and fractions; as rows of a table where attention comes first."""
        fractions = elements.fractions
        if self.hypers.node_weights and self.hypers.pooling == "attention" and self.layers:
            table, place = self.embedding.rows(elements.numbers)
            last = F.pad(table.new_ones(1), (table.shape[1], 0))
            return blocks.TableNodes([F.pad(table, (0, 1))], [place], fractions, last)
        nodes: Tensor = self.embedding(elements.numbers)
        return torch.cat([nodes, fractions[:, None]], 1) if self.hypers.node_weights else nodes
