"""The networks of the L-G-DCNN family, on rows that exist.

The paper gives no equations beyond those of the parts; sizes not in its text (states of 256,
resolution 2,000) are those of the published code. That code masks nothing, so padding and the order
of elements change its output; here there is no padding, and the order is that of atomic numbers.
Its fraction encoding has sines only, here as in CrabNet (sines and cosines).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from matdata.plugin import Schema
from matdata.plugin.nn import CompositionModel, LeakyResidualNetwork, Linear, Segments
from matdata_lgdcnn.convolution import LocalPart
from matdata_lgdcnn.hypers import Hypers
from matdata_lgdcnn.recurrent import Recurrent, Steps


class SoftAttention(nn.Module):
    """Each row times its share: ``softmax_i(W_2 relu(W_1 x_i))``, over the rows of a material."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = Linear(width, width)
        # a bias here would cancel in the softmax
        self.score = Linear(width, 1, bias=False)

    def forward(self, values: Tensor, rows: Segments) -> Tensor:
        """Weigh rows (K, width)."""
        return values * rows.softmax(self.score(functional.relu(self.up(values))))


class SelfAttention(nn.Module):
    """One head of scaled products (Vaswani et al. 2017, eq. 1); the text names no sizes."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.qkv = Linear(width, 3 * width)

    def forward(self, values: Tensor, rows: Segments) -> Tensor:
        """Mix rows (K, width) of each material."""
        query, key, value = rows.padded(self.qkv(values)).chunk(3, -1)
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        scores = torch.where(rows.mask[:, None, :], scores, float("-inf"))
        return rows.packed(scores.softmax(-1) @ value)


class GlobalPart(nn.Module):
    """Recurrent layers one after another, each with attention; one attention serves them all."""

    def __init__(self, kinds: list[str], width: int, hidden: int, attention: str) -> None:
        super().__init__()
        sizes = [width, *[2 * hidden] * len(kinds)]
        self.layers = nn.ModuleList(
            Recurrent(kind, size, hidden) for kind, size in zip(kinds, sizes, strict=False)
        )
        kind = {"soft": SoftAttention, "self": SelfAttention}.get(attention)
        self.attention = kind(2 * hidden) if kind else None

    def forward(self, values: Tensor, rows: Segments, residual: bool) -> list[Tensor]:
        """Outputs (K, 2 hidden) of each layer."""
        steps, outputs = Steps(rows), []
        for layer in self.layers:
            values = layer(values, steps)
            if self.attention is not None:
                attended = self.attention(values, rows)
                values = values + attended if residual else attended
            outputs.append(values)
        return outputs


class LGDCNNModel(CompositionModel):
    """Embedding, global part, local part, and a linear layer that gives each element its share."""

    def __init__(self, hypers: Hypers, schema: Schema) -> None:
        parts = hypers.parts()
        super().__init__(parts.table, hypers.width, hypers.resolution, hypers.jitter)
        self.parts = parts
        width = hypers.width
        self.recurrent = self.local = None
        if parts.globally != "absent":
            kinds = parts.globally.split("-")
            self.recurrent = GlobalPart(kinds, width, hypers.hidden, parts.attention)
            width = 2 * hypers.hidden
        if parts.locally != "absent":
            residuals = [parts.region_residual, parts.block_residual]
            self.local = LocalPart(
                parts.locally, width, hypers.filters, hypers.kernel, hypers.blocks, residuals
            )
            width = hypers.filters

        def network(columns: int) -> nn.Module:
            linear = Linear(width, columns)  # always drawn, so a seed keeps its weights
            post = (1024, 512, 256, 128)
            return LeakyResidualNetwork(width, post, columns) if parts.post else linear

        self.end_with(network, schema.means, schema.outputs, hypers.scaling)

    def transform(self, values: Tensor, rows: Segments) -> tuple[Tensor, Segments]:
        """Final representation of each element (or region of ``dpcnn``), the paper's EFM."""
        outputs: list[Tensor] = []
        if self.recurrent is not None:
            outputs = self.recurrent(values, rows, self.parts.attention_residual)
            values = outputs[-1]
        if self.local is not None:
            values, rows = self.local(values, rows)
        if self.parts.fusion:
            values = pooled_columns(torch.stack([values, *outputs]).sum(0))
        return values, rows


def pooled_columns(values: Tensor) -> Tensor:
    """Maximum over each column and its two neighbours, (K, width).

    V1's max pooling. The text does not say over what; the published code pools over columns.
    """
    wide = functional.pad(values, (1, 1), value=float("-inf"))
    return torch.maximum(torch.maximum(wide[:, :-2], wide[:, 1:-1]), wide[:, 2:])
