"""What CrabNet and its descendants share: element and fraction embeddings, contributions.

A. Y.-T. Wang et al., npj Comput. Mater. 7, 77 (2021); H. Du et al., L-G-DCNN (figure 1).
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from matdata.features.formulas import LOG_SCALE
from matdata.nn.cpu.onednn_linear import Linear
from matdata.nn.segments import Segments
from matdata.tables import element_vectors

#: The base of the periods of fraction encodings: 50 in CrabNet, where transformers have 10,000.
PERIOD_BASE = 50.0


class FractionEncoding(nn.Module):
    """Sines and cosines of a fraction, after the position encoding of Vaswani et al.

    Wang et al., methods: with ``n = round(resolution x) - 1``, column 2i is
    ``sin(n / 50^(2j/d))`` and column 2i + 1 the cosine; j is the column, as in the published code
    (the text has the index of the pair).

    Parameters
    ----------
    width
        Columns d.
    resolution
        Steps between 0 and 1.
    """

    period: Tensor
    odd: Tensor

    def __init__(self, width: int, resolution: int = 5000) -> None:
        super().__init__()
        self.resolution = resolution
        column = torch.arange(width, dtype=torch.float32)
        period = torch.pow(PERIOD_BASE, 2.0 * column / width)
        self.register_buffer("period", period, persistent=False)
        self.register_buffer("odd", column % 2 == 1, persistent=False)

    def forward(self, fractions: Tensor) -> Tensor:
        """Encode fractions (K,) as (K, width)."""
        least = 1.0 / self.resolution
        steps = torch.round(fractions.clamp(least, 1.0) * self.resolution) - 1.0
        angle = steps[:, None] / self.period
        return torch.where(self.odd, torch.cos(angle), torch.sin(angle))


class CompositionEmbedding(nn.Module):
    """Rows of the element-derived matrix: element plus linear and logarithmic fraction.

    Wang et al., methods, and Du et al., figure 1: a table of element vectors (not trained) goes
    through one linear layer; the encoded fraction is added to the first half of the columns, that
    of ``0.0025 log2(x)^2`` (at most 1) to the second half. Three learnt exponents weight the parts:
    ``2^s`` for elements, ``2^((1 - s)^2)`` for fractions.

    Parameters
    ----------
    table
        A table of `matdata.tables.element_vectors` that knows all elements.
    width
        Columns, even.
    resolution
        Of `FractionEncoding`.
    jitter
        Relative standard deviation of noise put on fractions while training (2 % in the published
        code of CrabNet; not in the text).
    """

    table: Tensor

    def __init__(self, table: str, width: int, resolution: int, jitter: float = 0.0) -> None:
        super().__init__()
        vectors = torch.from_numpy(np.array(element_vectors.vectors(table)))
        vectors[0] = 0.0
        self.register_buffer("table", vectors, persistent=False)
        self.elements = Linear(vectors.shape[1], width)
        self.encoding = FractionEncoding(width // 2, resolution)
        self.scales = nn.Parameter(torch.ones(3))
        self.jitter = jitter

    def forward(self, numbers: Tensor, fractions: Tensor, rows: Segments) -> Tensor:
        """Embed atomic numbers (K,) and fractions (K,) as (K, width)."""
        if self.training and self.jitter > 0:
            fractions = self._jittered(fractions, rows)
        logarithm = (LOG_SCALE * torch.log2(fractions) ** 2).clamp(max=1.0)
        element, linear, logarithmic = torch.unbind(self.scales)
        encoded = torch.cat(
            [
                self.encoding(fractions) * 2.0 ** (1.0 - linear) ** 2,
                self.encoding(logarithm) * 2.0 ** (1.0 - logarithmic) ** 2,
            ],
            1,
        )
        embedded: Tensor = self.elements(self.table[numbers]) * 2.0**element + encoded
        return embedded

    def _jittered(self, fractions: Tensor, rows: Segments) -> Tensor:
        noisy = fractions * (1.0 + self.jitter * torch.randn_like(fractions))
        noisy = noisy.clamp(1e-6, 1.0)
        return noisy / rows.sum(noisy)[rows.owner]


class Contributions(NamedTuple):
    """What each row gives to the prediction of its material.

    Attributes
    ----------
    values : (K, t)
        Contributions; the prediction is their mean over the rows of a material.
    log_stds : (K, t)
        Log standard deviations of the rows, whose mean is that of the material; empty (K, 0)
        where the objectives learn none.
    """

    values: Tensor
    log_stds: Tensor


class ContributionHead(nn.Module):
    """Contributions of elements from their rows (Wang et al., methods; Du et al., methods).

    A network gives each row a proto-contribution p, an uncertainty u and a logit l. The text
    multiplies each p by its own ``sigmoid(l)`` and takes the mean; the published code multiplies
    the mean of p by the sigmoid of the mean l (``pooled``).

    Parameters
    ----------
    network
        From rows to `columns` columns.
    means
        Contributions of a row: `Schema.means`.
    outputs
        Columns of the model: `Schema.outputs`; those beyond `means` are averaged as they are.
    pooled
        As the published code does.
    """

    def __init__(self, network: nn.Module, means: int, outputs: int, pooled: bool = False) -> None:
        super().__init__()
        self.network = network
        self.parts = (means, outputs - means, means)
        self.pooled = pooled

    @staticmethod
    def columns(means: int, outputs: int) -> int:
        """Columns of the network: of each contribution a logit as well."""
        return means + outputs

    def contributions(self, values: Tensor, rows: Segments) -> Contributions:
        """From rows (K, width)."""
        proto, log_std, logit = self.network(values).split(self.parts, -1)
        if self.pooled:
            logit = rows.mean(logit)[rows.owner]
        return Contributions(proto * torch.sigmoid(logit), log_std)

    def forward(self, values: Tensor, rows: Segments) -> Tensor:
        """Means, then log standard deviations of the materials, (b, outputs)."""
        parts = self.contributions(values, rows)
        return rows.mean(torch.cat([parts.values, parts.log_stds], -1))


class LeakyResidualNetwork(nn.Module):
    """``x <- leaky(W x + b) + R x``, R without bias and only where sizes differ; then linear.

    Wang et al., methods: the output network of Roost, but with leaky ReLU (1024, 512, 256, 128).
    """

    def __init__(self, width: int, hidden: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        sizes = (width, *hidden)
        steps = list(itertools.pairwise(sizes))
        self.layers = nn.ModuleList([Linear(a, b) for a, b in steps])
        self.shortcuts = nn.ModuleList(
            [nn.Identity() if a == b else Linear(a, b, bias=False) for a, b in steps]
        )
        self.last = Linear(sizes[-1], outputs)

    def forward(self, values: Tensor) -> Tensor:
        """From (K, width) to (K, outputs)."""
        for layer, shortcut in zip(self.layers, self.shortcuts, strict=True):
            values = functional.leaky_relu(layer(values)) + shortcut(values)
        outputs: Tensor = self.last(values)
        return outputs


class Composition(Protocol):
    """What a `CompositionModel` reads of the ``edm`` input of a batch, an `ElementMatrixBatch`."""

    segments: Mapping[str, Segments]

    @property
    def numbers(self) -> Tensor:
        """Atomic numbers, (K,) int64."""

    @property
    def fractions(self) -> Tensor:
        """Atomic fractions, (K,) float32."""


class CompositionBatch(Protocol):
    """A batch with an ``edm`` input."""

    def __getitem__(self, spec: str, /) -> object:
        """The input of a feature."""


class CompositionModel(nn.Module):
    """Base of CrabNet and L-G-DCNN: embedded elements are transformed, and each gives its share.

    A subclass makes its layers, calls `end_with` last, and implements `transform`.

    Parameters
    ----------
    table, width, resolution, jitter
        As `CompositionEmbedding` takes them.
    """

    head: ContributionHead

    def __init__(self, table: str, width: int, resolution: int, jitter: float) -> None:
        super().__init__()
        self.embedding = CompositionEmbedding(table, width, resolution, jitter)

    def end_with(
        self, network: Callable[[int], nn.Module], means: int, outputs: int, scaling: str
    ) -> None:
        """Add the last layers, under the name ``head``.

        Parameters
        ----------
        network
            ``network(columns)`` returns one from transformed rows to so many columns.
        means, outputs
            Columns of means, and of all: `Schema.means`, `Schema.outputs`.
        scaling
            ``pooled`` where logits scale means over elements, see `ContributionHead`.
        """
        columns = ContributionHead.columns(means, outputs)
        self.head = ContributionHead(network(columns), means, outputs, scaling == "pooled")

    @abstractmethod
    def transform(self, values: Tensor, rows: Segments) -> tuple[Tensor, Segments]:
        """From embedded elements (K, width) to their final representation."""

    def feature_rows(self, batch: CompositionBatch) -> tuple[Tensor, Segments]:
        """Final representation of each element, (K, d), and which material it is of."""
        matrix = cast(Composition, batch["edm"])
        rows = matrix.segments["element"]
        return self.transform(self.embedding(matrix.numbers, matrix.fractions, rows), rows)

    def feature_maps(self, batch: CompositionBatch) -> tuple[Tensor, Tensor]:
        """Rows (K, d) and where those of each compound begin (b + 1,), for CECV."""
        values, rows = self.feature_rows(batch)
        return values, rows.offsets

    def embeddings(self, batch: CompositionBatch) -> Tensor:
        """Mean of the final representations of the elements of each material, (b, d)."""
        values, rows = self.feature_rows(batch)
        return rows.mean(values)

    def contributions(self, batch: CompositionBatch) -> Contributions:
        """What each element gives, (K, targets), in normalised units."""
        return self.head.contributions(*self.feature_rows(batch))

    def forward(self, batch: CompositionBatch) -> Tensor:
        """Predictions, (b, outputs)."""
        out: Tensor = self.head(*self.feature_rows(batch))
        return out
