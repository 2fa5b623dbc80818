"""The network of CrabNet on rows that exist: nothing but attention scores is padded."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from matdata.plugin import Schema
from matdata.plugin.nn import CompositionModel, LeakyResidualNetwork, Linear, Segments
from matdata_crabnet.hypers import Hypers


class AttentionBlock(nn.Module):
    """Multi-head self-attention and a feed-forward network, each with residual and norm after it.

    Vaswani et al. 2017, the encoder block that Wang et al. (methods) take over: 4 heads, ReLU,
    dropout 0.1. Elements of other materials and empty slots are never attended to.
    """

    def __init__(self, width: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.qkv = Linear(width, 3 * width)
        nn.init.xavier_uniform_(self.qkv.weight)
        nn.init.zeros_(self.qkv.bias)
        self.out = Linear(width, width)
        nn.init.zeros_(self.out.bias)
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.up = Linear(width, feedforward)
        self.down = Linear(feedforward, width)

    def _drop(self, values: Tensor) -> Tensor:
        return functional.dropout(values, self.dropout, self.training)

    def _attention(self, values: Tensor, rows: Segments) -> Tensor:
        grid = rows.padded(self.qkv(values))
        parts = grid.reshape(*grid.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = torch.unbind(parts)
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        scores = torch.where(rows.mask[:, None, None, :], scores, float("-inf"))
        mixed = self._drop(scores.softmax(-1)) @ value
        return self.out(rows.packed(mixed.transpose(1, 2).flatten(2)))

    def forward(self, values: Tensor, rows: Segments) -> Tensor:
        """Update rows (K, width)."""
        values = self.norms[0](values + self._drop(self._attention(values, rows)))
        hidden = self._drop(functional.relu(self.up(values)))
        out: Tensor = self.norms[1](values + self._drop(self.down(hidden)))
        return out


class CrabNetModel(CompositionModel):
    """Embedding, attention blocks, and a residual network that gives each element its share."""

    def __init__(self, hypers: Hypers, schema: Schema) -> None:
        super().__init__(hypers.table, hypers.width, hypers.resolution, hypers.jitter)
        self.blocks = nn.ModuleList(
            AttentionBlock(hypers.width, hypers.heads, hypers.feedforward, hypers.dropout)
            for _ in range(hypers.layers)
        )
        self.end_with(
            lambda columns: LeakyResidualNetwork(hypers.width, hypers.hidden, columns),
            schema.means,
            schema.outputs,
            hypers.scaling,
        )

    def transform(self, values: Tensor, rows: Segments) -> tuple[Tensor, Segments]:
        """Final representation of each element (EDM''), (K, width)."""
        for block in self.blocks:
            values = block(values, rows)
        return values, rows
