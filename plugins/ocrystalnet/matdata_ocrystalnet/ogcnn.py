"""OGCNN: the convolutions of CGCNN on orbital field matrices.

M. Karamad, R. Magar, Y. Shi, S. Siahrostami, I. D. Gates and A. Barati Farimani, Phys. Rev. Mater.
4, 093801 (2020), on T. Xie and J. C. Grossman, Phys. Rev. Lett. 120, 145301 (2018).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import matdata as md
from matdata.nn import segment_mean, segment_sum
from matdata_ocrystalnet.common import Distances
from matdata_ocrystalnet.sites import SiteLinear


class Convolution(nn.Module):
    """CGCNN, eq. 5: ``v + sum_j sigmoid(z W_f + b_f) * g(z W_s + b_s)``, z = v_i ⊕ v_j ⊕ u_ij.

    With batch normalisation of ``z W + b`` and of the sum, and a softplus at the end, as in the
    published code. The products with v_i and v_j are made for each site, not for each edge.
    """

    def __init__(self, width: int, edge_width: int) -> None:
        super().__init__()
        self.width = width
        self.linear = nn.Linear(2 * width + edge_width, 2 * width)
        self.norm_edges = nn.BatchNorm1d(2 * width)
        self.norm_sites = nn.BatchNorm1d(width)

    def gates(self, sites: Tensor, bonds: Tensor, sender: Tensor, receiver: Tensor) -> Tensor:
        """``z W + b`` of each edge, (E, 2 width)."""
        widths = [self.width, self.width, bonds.shape[1]]
        own, other, bond = torch.split(self.linear.weight, widths, 1)
        here, there = F.linear(sites, own, self.linear.bias), F.linear(sites, other)
        of_sites = here.index_select(0, sender) + there.index_select(0, receiver)
        return of_sites + F.linear(bonds, bond)

    def forward(self, sites: Tensor, bonds: Tensor, sender: Tensor, receiver: Tensor) -> Tensor:
        """Sites (N, width) and Gaussians of edges (E, k) to new sites (N, width)."""
        gates = self.norm_edges(self.gates(sites, bonds, sender, receiver))
        filters, core = gates.chunk(2, 1)
        messages = torch.sigmoid(filters) * F.softplus(core)
        return F.softplus(sites + self.norm_sites(segment_sum(messages, sender, len(sites))))


class OGCNNModel(nn.Module):
    """A batch to (b, outputs).

    A site is encoded by a linear layer, or by a network with one hidden layer and softplus; then
    convolutions, the mean over sites, softplus, and hidden layers with softplus.

    Parameters
    ----------
    hypers
        `OGCNNHypers`.
    schema
        Targets and inputs.
    specs
        Inputs that describe a site.
    """

    def __init__(self, hypers: Any, schema: md.Schema, specs: tuple[str, ...]) -> None:
        super().__init__()
        first = hypers.encoder or hypers.hidden
        self.sites = SiteLinear(specs, schema, first, hypers.scale, bias=True)
        self.encoder = nn.Linear(first, hypers.hidden) if hypers.encoder else None
        self.basis = Distances(hypers.basis)
        self.convolutions = nn.ModuleList(
            Convolution(hypers.hidden, self.basis.width) for _ in range(hypers.layers)
        )
        widths = [hypers.hidden, *[hypers.output_hidden] * hypers.output_layers]
        self.outputs = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.last = nn.Linear(widths[-1], schema.outputs)

    def forward(self, batch: Any) -> Tensor:
        """Predictions for the materials of a batch, (b, outputs)."""
        graph = batch["graph"]
        sites = self.sites(batch)
        if self.encoder is not None:
            sites = self.encoder(F.softplus(sites))
        bonds = self.basis(graph.distance)
        for convolution in self.convolutions:
            sites = convolution(sites, bonds, graph.sender, graph.receiver)
        rows = F.softplus(segment_mean(sites, graph.crystal, len(batch)))
        for layer in self.outputs:
            rows = F.softplus(layer(rows))
        out: Tensor = self.last(rows)
        return out
