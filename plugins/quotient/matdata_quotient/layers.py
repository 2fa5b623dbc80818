"""Layers of the network on quotient graphs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matdata.plugin.nn import CountedBatchNorm, Linear, PairLinear, gated_sum


@dataclass(frozen=True, eq=False)
class Links:
    """Edges, and what sums and statistics over all sites need.

    Attributes
    ----------
    sender, receiver : (E,) int64
        Node whose neighbour an edge names, and that neighbour.
    count : (E, 1)
        Edges of one site of the sender that each stands for.
    multiplicity : (N, 1)
        Sites that each node stands for.
    of_all : (E, 1)
        Edges of all sites that each stands for.
    """

    sender: Tensor
    receiver: Tensor
    count: Tensor
    multiplicity: Tensor
    of_all: Tensor


class Perceptron(nn.Module):
    """Linear layers with a SiLU between them.

    Parameters
    ----------
    widths
        Channels before the first layer and after each.
    """

    def __init__(self, *widths: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Linear(a, b) for a, b in itertools.pairwise(widths))

    def forward(self, rows: Tensor) -> Tensor:
        """(n, first) to (n, last)."""
        first, *others = self.layers
        rows = first(rows)
        for layer in others:
            rows = layer(F.silu(rows))
        return rows


class Convolution(nn.Module):
    """``v_i + f(v_i ⊕ norm(sum_j sigmoid(g_ij) silu(c_ij)))`` with ``g ⊕ c = norm(W z_ij + b)``.

    ``z_ij = v_i ⊕ v_j ⊕ u_ij`` of two sites and the Gaussians of their distance, as in the gated
    convolution of CGCNN. What differs: the sum is not added to the site as it is, but goes through
    a network f of two layers together with the site. Sites are an order of magnitude fewer than
    edges, so its width costs little, while an edge still costs one product and one gate.

    Batch statistics are those of all sites and edges, whatever a node stands for.

    Parameters
    ----------
    width
        Channels of a site.
    basis
        Channels of an edge.
    hidden
        Width of the hidden layer of f.
    """

    def __init__(self, width: int, basis: int, hidden: int) -> None:
        super().__init__()
        self.pair = PairLinear(width, 2 * width, extra=basis)
        self.edge = Linear(basis, 2 * width, bias=False)
        self.norm_edges = CountedBatchNorm(2 * width)
        self.norm_sums = CountedBatchNorm(width)
        self.update = Perceptron(2 * width, hidden, width)

    def forward(self, nodes: Tensor, basis: Tensor, links: Links) -> Tensor:
        """Nodes (N, width) and edge channels (E, basis) to (N, width)."""
        both, edge = self.pair.both(nodes), self.edge(basis)
        ends = links.sender, links.receiver
        counted = {"count": links.count, "of_all": links.of_all}
        summed = gated_sum(both, edge, *ends, self.norm_edges, **counted, core="silu")
        summed = self.norm_sums(summed, links.multiplicity)
        change: Tensor = self.update(torch.cat([nodes, summed], 1))
        return nodes + change
