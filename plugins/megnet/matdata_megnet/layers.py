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
    Linear,
    linear,
    linear_of_softplus,
    segment_softmax,
    segment_sum,
    shifted_softplus,
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
        return self.after_first(self.linears[0](rows))

    @property
    def linears(self) -> list[Linear]:
        """The layers."""
        return cast("list[Linear]", list(self.layers))

    def after_first(self, rows: Tensor) -> Tensor:
        """From what the first layer computes, before its activation, to (n, last)."""
        for layer in self.linears[1:]:
            rows = linear_of_softplus(layer, rows)
        return shifted_softplus(rows)


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
    sender, receiver : (E,) int64
        Sites of each edge.
    count : (E, 1), optional
        How many edges of the crystal each stands for; one if not given.
    degree : (N, 1)
        Edges that leave a site, at least 1.
    edges : (b, 1)
        Edges of a crystal, at least 1.
    """

    sender: Tensor
    receiver: Tensor
    count: Tensor | None
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
        mixed = linear(edges, between) + of_sender.index_select(0, ends.sender)
        mixed = mixed + linear(sites, other).index_select(0, ends.receiver)
        edges = self.edge_func.after_first(mixed)
        counted = edges if ends.count is None else edges * ends.count
        summed = segment_sum(counted, ends.sender, len(sites))
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

    def forward(
        self, entries: Tensor, owner: Tensor, sets: int, log_count: Tensor | None = None
    ) -> Tensor:
        """Entries (n, w), the set of each (n,), and the number of sets b, to (b, 2 w).

        `log_count` (n, 1) are logarithms of how many entries each stands for.
        """
        hidden = cell = entries.new_zeros(sets, self.width)
        pooled = entries.new_zeros(sets, 2 * self.width)
        for _ in range(self.steps):
            hidden, cell = self._step(pooled, hidden, cell)
            scores = (entries * hidden.index_select(0, owner)).sum(1, keepdim=True)
            share = segment_softmax(scores, owner, sets, log_count)
            pooled = torch.cat([hidden, segment_sum(entries * share, owner, sets)], 1)
        return pooled

    def _step(self, rows: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """A step of an LSTM, gates in the order of torch's."""
        own = self.lstm
        gates = F.linear(rows, own.weight_ih, own.bias_ih)
        gates = gates + F.linear(hidden, own.weight_hh, own.bias_hh)
        take, keep, fresh, show = gates.chunk(4, 1)
        cell = torch.sigmoid(keep) * cell + torch.sigmoid(take) * torch.tanh(fresh)
        return torch.sigmoid(show) * torch.tanh(cell), cell
