"""Layers of MEGNet: dense layers with softplus2, the convolution, set2set."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matdata.plugin import Segments
from matdata.plugin.nn import (
    EdgeSums,
    Linear,
    linear,
    query_attention,
    softplus_edge_layers,
    softplus_layers,
)


class Dense(nn.Module):
    """Linear layers, each with a softplus2, ``ln(e^x + 1) - ln 2`` (eq. 9).

    Parameters
    ----------
    widths
        Channels before the first layer and after each.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Linear(a, b) for a, b in itertools.pairwise(widths))

    def forward(self, rows: Tensor) -> Tensor:
        """(n, first) to (n, last)."""
        return softplus_layers(rows, self.linears)

    @property
    def linears(self) -> list[Linear]:
        """The layers."""
        return cast("list[Linear]", list(self.layers))


class DenseOnParts(Dense):
    """`Dense` on channels that several things contribute to side by side.

    The first layer is one on each part, computed where the part is: that of sites once per site,
    not per edge.

    Parameters
    ----------
    parts
        Channels of each part.
    widths
        Channels after each layer.
    """

    def __init__(self, parts: Sequence[int], widths: Sequence[int]) -> None:
        super().__init__([sum(parts), *widths])
        self.parts = list(parts)

    def first(self) -> tuple[tuple[Tensor, ...], Tensor]:
        """The first layer's matrix (width, channels) on each part, and its bias."""
        layer = self.linears[0]
        matrices: tuple[Tensor, ...] = torch.split(layer.weight, self.parts, 1)
        return matrices, layer.bias


@dataclass(frozen=True, eq=False)
class Ends:
    """Where edges lead, and how their sums become means.

    Attributes
    ----------
    sums
        Sites of each edge, and how many edges of the crystal it stands for.
    degree : (N, 1)
        Edges that leave a site, at least 1.
    edges : (b, 1)
        Edges of a crystal, at least 1.
    """

    sums: EdgeSums
    degree: Tensor
    edges: Tensor


class Convolution(nn.Module):
    """Edges, then sites, then the state (C. Chen et al. 2019, eqs. 1 to 6).

    An edge leads from a site to its neighbour: the network of edges reads site, neighbour, edge
    and state; that of sites reads a site, the mean of the edges that leave it, and the state; that
    of the state reads the state and the means of edges and of sites.

    Parameters
    ----------
    width
        Channels of a site, an edge and the state.
    widths
        Channels after each layer, `width` the last.
    """

    def __init__(self, width: int, widths: Sequence[int]) -> None:
        super().__init__()
        last = widths[-1]
        self.edge_func = DenseOnParts([width] * 4, widths)
        self.node_func = Dense([last + 2 * width, *widths])
        self.state_func = Dense([width + 2 * last, *widths])

    def forward(
        self, edges: Tensor, sites: Tensor, state: Tensor, ends: Ends, crystals: Segments
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Edges (E, w), sites (N, w) and state (b, w) to the same, of other values."""
        (own, other, between, whole), bias = self.edge_func.first()
        of_state = state.index_select(0, crystals.owner)
        of_sender = linear(sites, own, bias) + linear(state, whole).index_select(0, crystals.owner)
        of_ends = of_sender, linear(sites, other)
        after = self.edge_func.linears[1:]
        edges, summed = softplus_edge_layers(edges, between, of_ends, after, ends.sums)
        sites = self.node_func(torch.cat([sites, summed / ends.degree, of_state], 1))
        of_edges = crystals.sum(summed) / ends.edges
        state = self.state_func(torch.cat([state, of_edges, crystals.mean(sites)], 1))
        return edges, sites, state


class Block(nn.Module):
    """Dense layers (but in the first block) and a convolution, around which inputs are added.

    Parameters
    ----------
    width
        Channels of a site, an edge and the state.
    dense, widths
        Channels after each layer before the convolution (empty for none), and within it.
    """

    def __init__(self, width: int, dense: Sequence[int], widths: Sequence[int]) -> None:
        super().__init__()
        self.edge_func, self.node_func, self.state_func = (
            Dense([width, *dense]) if dense else nn.Identity() for _ in range(3)
        )
        self.conv = Convolution(dense[-1] if dense else width, widths)

    def forward(
        self, edges: Tensor, sites: Tensor, state: Tensor, ends: Ends, crystals: Segments
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Edges (E, w), sites (N, w) and state (b, w) to the same, of other values."""
        given = edges, sites, state
        inner = self.edge_func(edges), self.node_func(sites), self.state_func(state)
        edges, sites, state = self.conv(*inner, ends, crystals)
        return edges + given[0], sites + given[1], state + given[2]


class Set2Set(nn.Module):
    """Pooling by attention whose query an LSTM refines (O. Vinyals et al., arXiv:1511.06391).

    A set without entries is pooled to the query and zeros.

    Parameters
    ----------
    width
        Channels of an entry.
    steps
        Steps of the LSTM.
    """

    def __init__(self, width: int, steps: int) -> None:
        super().__init__()
        self.lstm = nn.LSTMCell(2 * width, width)  # holds the weights alone: vmap knows no LSTM
        self.width, self.steps = width, steps

    def forward(self, entries: Tensor, sets: Segments, log_count: Tensor | None = None) -> Tensor:
        """Entries (n, w) of b sets to (b, 2 w).

        `log_count` (n, 1) are logarithms of how many entries each stands for.
        """
        own = self.lstm
        bias = own.bias_ih + own.bias_hh
        # what it pooled begins with what is hidden, so one product serves both matrices
        matrix = own.weight_ih + F.pad(own.weight_hh, (0, self.width))
        hidden, cell = _step(bias[None], None)  # it begins with zeros: one row for all sets
        hidden, cell = hidden.expand(sets.count, -1), cell.expand(sets.count, -1)
        pooled = torch.cat([hidden, query_attention(entries, hidden, sets, log_count)], 1)
        for _ in range(1, self.steps):
            hidden, cell = _step(linear(pooled, matrix, bias), cell)
            pooled = torch.cat([hidden, query_attention(entries, hidden, sets, log_count)], 1)
        return pooled


def _step(gates: Tensor, cell: Tensor | None) -> tuple[Tensor, Tensor]:
    """A step of an LSTM from gates in the order of torch's; `cell` is 0 if it is not given."""
    take, keep, fresh, show = gates.chunk(4, 1)
    after = torch.sigmoid(take) * torch.tanh(fresh)
    if cell is not None:
        after = after + torch.sigmoid(keep) * cell
    return torch.sigmoid(show) * torch.tanh(after), after
