"""Layers of SchNet: the network that makes filters, and the interaction block."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from matdata.plugin.nn import (
    Edges,
    Linear,
    linear_of_softplus,
    segment_sum,
    shifted_softplus,
)
from matdata_schnet.presets import Sizes


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Who reads whom, and how distances are seen.

    Attributes
    ----------
    edges
        From sites to their neighbours.
    basis : (L, gaussians)
        Gaussians of the lengths of the edges.
    weight : (E, 1), optional
        Factor of the messages: what the cutoff leaves of them, how many edges are equal, and
        whether they are averaged; 1 if not given.
    """

    edges: Edges
    basis: Tensor
    weight: Tensor | None


class Filters(nn.Module):
    """Filters of lengths: two linear layers with a shifted softplus after the first, or both.

    Parameters
    ----------
    sizes
        Channels, and whether there is a second softplus.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.first = Linear(sizes.gaussians, sizes.filters)
        self.second = Linear(sizes.filters, sizes.filters)
        self.last_softplus = sizes.last_softplus

    def forward(self, basis: Tensor) -> Tensor:
        """(L, gaussians) to (L, filters)."""
        filters = linear_of_softplus(self.second, self.first(basis))
        return shifted_softplus(filters) if self.last_softplus else filters


class Interaction(nn.Module):
    """``x_i + v(sum_j x_j W_in * w(d_ij))`` (K. T. Schütt et al. 2018, figure 2).

    Filters w are made once per distinct length, and v are two linear layers with a shifted
    softplus between them.

    Parameters
    ----------
    sizes
        Channels.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.filters = Filters(sizes)
        self.to_filters = Linear(sizes.channels, sizes.filters, bias=False)
        self.from_filters = Linear(sizes.filters, sizes.channels)
        self.last = Linear(sizes.channels, sizes.channels)

    def forward(self, sites: Tensor, neighbours: Neighbours) -> Tensor:
        """Sites (N, channels) to the same, of other values."""
        edges = neighbours.edges
        seen = self.to_filters(sites).index_select(0, edges.receiver)
        messages = seen * edges.by_length(self.filters(neighbours.basis))
        if neighbours.weight is not None:
            messages = messages * neighbours.weight
        summed = segment_sum(messages, edges.sender, len(sites))
        return sites + linear_of_softplus(self.last, self.from_filters(summed))
