"""From stored numbers to the first channels of a network: elements and distances."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matdata.geometry.gaussians import GaussianBasis
from matdata.nn.cpu.onednn_linear import Linear, linear
from matdata.tables import element_vectors, wyckoff_terms


class ElementEmbedding(nn.Module):
    """A linear layer on the vectors of elements, computed once per element, not per site.

    Parameters
    ----------
    table
        Name of a table of `matdata.tables.element_vectors`; its vectors are not trained.
    width
        Numbers of an embedded element.
    bias
        Whether the layer has a bias.
    """

    table: Tensor

    def __init__(self, table: str, width: int, bias: bool = True) -> None:
        super().__init__()
        # Rows of elements that a table lacks are never looked up; NaN there would reach gradients.
        vectors = np.nan_to_num(element_vectors.vectors(table))
        self.register_buffer("table", torch.from_numpy(vectors), persistent=False)
        self.linear = Linear(vectors.shape[1], width, bias=bias)

    def forward(self, numbers: Tensor) -> Tensor:
        """Atomic numbers (n,) int64 to (n, width)."""
        embedded = linear(self.table, self.linear.weight, self.linear.bias)
        return embedded.index_select(0, numbers)

    def rows(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Embedded elements (u, width), and which each of the atomic numbers (n,) is, (n,)."""
        table, place = _distinct(self.table, numbers)
        return linear(table, self.linear.weight, self.linear.bias), place


class PositionEmbedding(nn.Module):
    """A linear layer on Wyckoff positions and their share of the sites (Goodall 2022, app. A.3).

    The terms of a position are embedded once, however many orbits of a batch are on it: on a
    CPU those of the positions of the batch, elsewhere all 1,731.

    Parameters
    ----------
    width
        Numbers of an embedded orbit.
    """

    table: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        terms = torch.from_numpy(wyckoff_terms.terms().astype(np.float32))
        self.register_buffer("table", terms, persistent=False)
        self.linear = Linear(terms.shape[1] + 1, width)

    def forward(self, positions: Tensor, shares: Tensor) -> Tensor:
        """Rows of the positions (n,) int64 and shares (n,) to (n, width)."""
        embedded, place = self.rows(positions)
        return embedded.index_select(0, place) + shares[:, None] * self.of_shares

    def rows(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Embedded terms of positions (u, width), and which each of those given is, (n,)."""
        table, place = _distinct(self.table, positions)
        return linear(table, self.linear.weight[:, :-1], self.linear.bias), place

    @property
    def of_shares(self) -> Tensor:
        """What a share of 1 adds, (width,)."""
        return self.linear.weight[:, -1]


def _distinct(table: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of a table that are chosen (n,), each once, and which of them each is, (n,)."""
    if chosen.device.type != "cpu":  # their number would have to be waited for
        return table, chosen
    distinct, place = torch.unique(chosen, return_inverse=True)
    return table.index_select(0, distinct), place


class Gaussians(nn.Module):
    """Gaussians of distances; `matdata.geometry.gaussians.GAUSSIAN_BASES` has those of papers.

    Parameters
    ----------
    basis
        Centres and width.
    """

    centres: Tensor

    def __init__(self, basis: GaussianBasis) -> None:
        super().__init__()
        self.basis = basis
        # made in float32: some differ in the last bit from rounded ones, and in the bits of runs
        centres = torch.linspace(basis.start, basis.stop, basis.count)
        self.register_buffer("centres", centres, persistent=False)

    def forward(self, distance: Tensor) -> Tensor:
        """Distances (...) in Å to (..., count)."""
        return gaussians(distance, self.centres, self.basis.width)


#: Far from a centre a Gaussian is no normal float32, and processors of Intel are slow on products
#: with such numbers (`benchmarks/gated_sum.py`); less than this changes no sum of float32 anyway.
NOTHING = 1e-20


def gaussians(distance: Tensor, centres: Tensor, width: float) -> Tensor:
    """``exp(-((d - centre) / width)^2)`` of distances (...) and centres (k,), both in Å, (..., k).

    T. Xie and J. C. Grossman, Phys. Rev. Lett. 120, 145301 (2018). Values up to `NOTHING` are 0.
    """
    values = torch.exp(-(((distance[..., None] - centres) / width) ** 2))
    return F.threshold(values, NOTHING, 0.0)
