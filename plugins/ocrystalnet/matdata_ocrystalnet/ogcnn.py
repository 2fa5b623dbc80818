"""OGCNN: the convolutions of CGCNN on orbital field matrices.

M. Karamad, R. Magar, Y. Shi, S. Siahrostami, I. D. Gates and A. Barati Farimani, Phys. Rev. Mater.
4, 093801 (2020), on T. Xie and J. C. Grossman, Phys. Rev. Lett. 120, 145301 (2018).
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from matdata.plugin import Batch, GraphBatch, Schema
from matdata.plugin.nn import Edges, GatedConvolution, Linear
from matdata_ocrystalnet.common import Distances
from matdata_ocrystalnet.hypers import OGCNNHypers
from matdata_ocrystalnet.sites import SiteLinear


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

    def __init__(self, hypers: OGCNNHypers, schema: Schema, specs: tuple[str, ...]) -> None:
        super().__init__()
        first = hypers.encoder or hypers.hidden
        self.sites = SiteLinear(specs, schema, first, hypers.scale, bias=True)
        self.encoder = Linear(first, hypers.hidden) if hypers.encoder else None
        self.basis = Distances(hypers.basis)
        self.convolutions = nn.ModuleList(
            GatedConvolution(hypers.hidden, self.basis.width) for _ in range(hypers.layers)
        )
        widths = [hypers.hidden, *[hypers.output_hidden] * hypers.output_layers]
        self.outputs = nn.ModuleList(Linear(a, b) for a, b in pairwise(widths))
        self.last = Linear(widths[-1], schema.outputs)

    def forward(self, batch: Batch) -> Tensor:
        """Predictions for the materials of a batch, (b, outputs)."""
        graph = batch.get("graph", GraphBatch)
        sites = self.sites(batch)
        if self.encoder is not None:
            sites = self.encoder(F.softplus(sites))
        edges = Edges.distinct(graph.sender, graph.receiver, graph.distance, len(sites))
        bonds = self.basis(edges.distance)
        for convolution in self.convolutions:
            sites = convolution(sites, bonds, edges)
        rows = F.softplus(graph.segments["site"].mean(sites))
        for layer in self.outputs:
            rows = F.softplus(layer(rows))
        out: Tensor = self.last(rows)
        return out
