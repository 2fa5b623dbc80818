"""Layers of ALIGNN: the edge-gated convolution, and embeddings of distances and angles."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matdata.plugin.nn import (
    CountedBatchNorm,
    GaussianBasis,
    Gaussians,
    Linear,
    segment_sum,
)
from matdata_alignn.parts import Links

#: Keeps the mean of a site without edges finite.
SMALLEST = 1e-6


class EdgeGatedConvolution(nn.Module):
    """Messages between sites, weighted per channel by gates that edges compute.

    With ``m_ij = A h_i + B h_j + C e_ij`` and ``g_ij = sigmoid(m_ij)``, each with its bias::

        h_i <- h_i + silu(norm(U h_i + sum_j g_ij * V h_j / (sum_j g_ij + 1e-6)))
        e_ij <- e_ij + silu(norm(m_ij))

    (K. Choudhary and B. DeCost 2021, eqs. 1 to 3; X. Bresson and T. Laurent, arXiv:1711.07553). On
    a line graph edges take the place of sites, and pairs of edges that of edges.

    Messages go from the second end j of an edge to its first end i, by which edges are sorted. In
    the package alignn they go from the first to the second, which is the same where each edge has
    its reverse.

    Parameters
    ----------
    width
        Channels of a site and of an edge.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.target = Linear(width, 2 * width)  # A and U
        self.source = Linear(width, 2 * width)  # B and V
        self.edge = Linear(width, width)  # C
        self.norm_edges = CountedBatchNorm(width)
        self.norm_sites = CountedBatchNorm(width)

    def forward(
        self, sites: Tensor, count: Tensor | None, edges: Tensor, links: Links, last: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Sites (N, w) and edges (E, w) to the same, of other values.

        Parameters
        ----------
        count : (N, 1), optional
            How many sites each stands for.
        links
            Sites i and j of the edges.
        last
            Whether the edges are not read afterwards: they are returned unchanged.
        """
        target, number = links.target, len(sites)
        of_target, own = self.target(sites).chunk(2, 1)
        of_source, message = self.source(sites).index_select(0, links.source).chunk(2, 1)
        mixed = self.edge(edges) + of_target.index_select(0, target) + of_source
        gate = torch.sigmoid(mixed)
        if links.weight is not None:
            gate = gate * links.weight
        total = segment_sum(gate * message, target, number)
        mean = total / (segment_sum(gate, target, number) + SMALLEST)
        sites = sites + F.silu(self.norm_sites(own + mean, count))
        return sites, edges if last else edges + F.silu(self.norm_edges(mixed, links.count))


class Layer(nn.Module):
    """A convolution on the crystal graph, then one on its line graph.

    Parameters
    ----------
    width
        Channels of a site, an edge and a pair.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.of_sites = EdgeGatedConvolution(width)
        self.of_edges = EdgeGatedConvolution(width)


class NormedLinear(nn.Module):
    """``silu(norm(W x + b))`` of rows that each stand for several equal ones.

    Parameters
    ----------
    width_in, width_out
        Channels before and after.
    """

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.linear = Linear(width_in, width_out)
        self.norm = CountedBatchNorm(width_out)

    def forward(self, rows: Tensor, count: Tensor | None = None) -> Tensor:
        """Rows (n, width_in) and how many each stands for (n, 1) to (n, width_out)."""
        return F.silu(self.norm(self.linear(rows), count))


class NumberEmbedding(nn.Module):
    """Distances or cosines to channels: Gaussians and two layers.

    The Gaussians are ``exp(-(x - centre)^2 / step)``, with the step between centres.

    Parameters
    ----------
    first, last, count
        Centres of the Gaussians.
    embedding, width
        Channels after each layer.
    """

    def __init__(self, first: float, last: float, count: int, embedding: int, width: int) -> None:
        super().__init__()
        step = (last - first) / (count - 1)
        self.basis = Gaussians(GaussianBasis(first, last, count, math.sqrt(step)))
        self.layers = nn.ModuleList(
            [NormedLinear(count, embedding), NormedLinear(embedding, width)]
        )

    def forward(self, numbers: Tensor, count: Tensor | None = None) -> Tensor:
        """Numbers (n,) and how many each stands for (n, 1) to (n, width)."""
        rows: Tensor = self.basis(numbers)
        for layer in self.layers:
            rows = layer(rows, count)
        return rows
