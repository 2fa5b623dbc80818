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

from matdata.load.batch import Batch
from matdata.nn import Linear
from matdata.nn.compositions import (
    CompositionEmbedding,
    ContributionHead,
    Contributions,
    LeakyResidualNetwork,
)
from matdata.nn.rows import Rows
from matdata.training.contract import Schema
from matdata_lgdcnn import Hypers
from matdata_lgdcnn.convolution import LocalPart
from matdata_lgdcnn.recurrent import Recurrent, Steps


class SoftAttention(nn.Module):
    """Each row times its share: ``softmax_i(W_2 relu(W_1 x_i))``, over the rows of a material."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = Linear(width, width)
        # a bias here would cancel in the softmax
        self.score = Linear(width, 1, bias=False)

    def forward(self, values: Tensor, rows: Rows) -> Tensor:
        """Weigh rows (K, width)."""
        return values * rows.softmax(self.score(functional.relu(self.up(values))))


class SelfAttention(nn.Module):
    """One head of scaled products (Vaswani et al. 2017, eq. 1); the text names no sizes."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.qkv = Linear(width, 3 * width)

    def forward(self, values: Tensor, rows: Rows) -> Tensor:
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
        made = {"soft": SoftAttention, "self": SelfAttention}.get(attention)
        self.attention = made(2 * hidden) if made else None

    def forward(self, values: Tensor, rows: Rows, residual: bool) -> list[Tensor]:
        """Outputs (K, 2 hidden) of each layer."""
        steps, outputs = Steps(rows), []
        for layer in self.layers:
            values = layer(values, steps)
            if self.attention is not None:
                weighed = self.attention(values, rows)
                values = values + weighed if residual else weighed
            outputs.append(values)
        return outputs


class LGDCNNModel(nn.Module):
    """Embedding, global part, local part, and a linear layer that gives each element its share."""

    def __init__(self, hypers: Hypers, schema: Schema) -> None:
        super().__init__()
        parts = self.parts = hypers.parts()
        self.embedding = CompositionEmbedding(
            parts.table, hypers.width, hypers.resolution, hypers.jitter
        )
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
        columns = ContributionHead.columns(schema.means, schema.outputs)
        network: nn.Module = Linear(width, columns)
        if parts.post:
            network = LeakyResidualNetwork(width, (1024, 512, 256, 128), columns)
        pooled = hypers.scaling == "pooled"
        self.head = ContributionHead(network, schema.means, schema.outputs, pooled)

    def feature_rows(self, batch: Batch) -> tuple[Tensor, Rows]:
        """Final representation of each element (or region of ``dpcnn``), the paper's EFM."""
        matrix = batch["edm"]
        rows = Rows(matrix.offsets["element"], matrix.host_offsets["element"])
        values = self.embedding(matrix.numbers, matrix.fractions, rows)
        outputs: list[Tensor] = []
        if self.recurrent is not None:
            outputs = self.recurrent(values, rows, self.parts.attention_residual)
            values = outputs[-1]
        if self.local is not None:
            values, rows = self.local(values, rows)
        if self.parts.fusion:
            values = pooled_columns(torch.stack([values, *outputs]).sum(0))
        return values, rows

    def feature_maps(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Rows (K, width) and where those of each compound begin (b + 1,), for CECV."""
        values, rows = self.feature_rows(batch)
        return values, rows.offsets

    def contributions(self, batch: Batch) -> Contributions:
        """What each element gives, (K, targets), in normalised units."""
        return self.head.contributions(*self.feature_rows(batch))

    def forward(self, batch: Batch) -> Tensor:
        """Predictions, (b, outputs)."""
        return self.head(*self.feature_rows(batch))


def pooled_columns(values: Tensor) -> Tensor:
    """Maximum over each column and its two neighbours, (K, width).

    V1's max pooling. The text does not say over what; the published code pools over columns.
    """
    wide = functional.pad(values, (1, 1), value=float("-inf"))
    return torch.maximum(torch.maximum(wide[:, :-2], wide[:, 1:-1]), wide[:, 2:])
