"""The gated convolution of CGCNN and OGCNN."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from matdata.nn.cpu.onednn_linear import linear
from matdata.nn.edges import Edges
from matdata.nn.gated_sum import gated_sum
from matdata.nn.networks import PairLinear, uniform
from matdata.nn.norms import BatchNorm1d, CountedBatchNorm


class GatedConvolution(nn.Module):
    """``v_i + sum_j sigmoid(z_ij W_f + b_f) * softplus(z_ij W_s + b_s)``, normalised.

    T. Xie and J. C. Grossman, PRL 120, 145301 (2018), eq. 5, with batch normalisation of
    ``z W + b`` and of the sum and a softplus at the end, as in the published code.
    ``z_ij = v_i ⊕ v_j ⊕ u_ij``; the layer on z is one on each of its three parts, those of sites
    computed once per site.

    Parameters
    ----------
    width
        Channels per site.
    basis
        Channels per edge.
    """

    def __init__(self, width: int, basis: int) -> None:
        super().__init__()
        self.pair = PairLinear(width, 2 * width, extra=basis)
        self.edge = uniform(2 * width, basis, fan_in=2 * width + basis)
        self.norm_edges = CountedBatchNorm(2 * width)
        self.norm_sites = BatchNorm1d(width)

    def forward(self, sites: Tensor, basis: Tensor, edges: Edges) -> Tensor:
        """Sites (N, width) and edge channels (E, basis) to (N, width)."""
        both, edge = self.pair.both(sites), linear(basis, self.edge)
        ends = edges.sender, edges.receiver
        summed = gated_sum(both, edge, *ends, self.norm_edges, count=edges.count)
        return F.softplus(sites + self.norm_sites(summed))
