"""The gated convolution of CGCNN and OGCNN, and the normalisation of counted rows that it takes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matdata.nn.edges import Edges
from matdata.nn.networks import PairLinear, uniform
from matdata.nn.products import linear
from matdata.nn.segments import segment_sum


class GatedConvolution(nn.Module):
    """``v_i + sum_j sigmoid(z_ij W_f + b_f) * softplus(z_ij W_s + b_s)``, normalised.

    T. Xie and J. C. Grossman, PRL 120, 145301 (2018), eq. 5, with batch normalisation of
    ``z W + b`` and of the sum and a softplus at the end, as in the published code.
    ``z_ij = v_i ⊕ v_j ⊕ u_ij``; the layer on z is one on each of its three parts, those of sites
    made once a site.

    Parameters
    ----------
    width
        Numbers of a site.
    basis
        Numbers of an edge.
    """

    def __init__(self, width: int, basis: int) -> None:
        super().__init__()
        self.pair = PairLinear(width, 2 * width, extra=basis)
        self.edge = uniform(2 * width, basis, fan_in=2 * width + basis)
        self.norm_edges = CountedBatchNorm(2 * width)
        self.norm_sites = nn.BatchNorm1d(width)

    def forward(self, sites: Tensor, basis: Tensor, edges: Edges) -> Tensor:
        """Sites (N, width) and numbers of the edges (E, basis) to (N, width)."""
        mixed = self.pair(sites, edges.sender, edges.receiver) + linear(basis, self.edge)
        gate, core = self.norm_edges(mixed, edges.count).chunk(2, 1)
        messages = torch.sigmoid(gate) * F.softplus(core)
        if edges.count is not None:
            messages = messages * edges.count
        summed = segment_sum(messages, edges.sender, len(sites))
        return F.softplus(sites + self.norm_sites(summed))


class CountedBatchNorm(nn.BatchNorm1d):
    """`nn.BatchNorm1d` of rows that each stand for several equal ones."""

    def forward(self, rows: Tensor, count: Tensor | None = None) -> Tensor:
        """Rows (n, d) and how many each stands for (n, 1) to (n, d)."""
        if count is None or not self.training:
            return super().forward(rows)
        # in float32 under mixed precision too, as torch's own batch normalisation
        with torch.autocast(rows.device.type, enabled=False):
            exact = rows.to(torch.promote_types(rows.dtype, torch.float32))
            return self._counted(exact, count).to(rows.dtype)

    def _counted(self, rows: Tensor, count: Tensor) -> Tensor:
        total = count.sum()
        normalised, mean, variance = _Normalise.apply(rows, count, total, self.eps)
        with torch.no_grad():
            assert self.running_mean is not None
            assert self.running_var is not None
            assert self.num_batches_tracked is not None
            assert self.momentum is not None
            unbiased = variance * (total / (total - 1).clamp(min=1))
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(unbiased, self.momentum)
            self.num_batches_tracked.add_(1)
        return torch.addcmul(self.bias, normalised, self.weight)


class _Normalise(torch.autograd.Function):
    """Rows less their counted mean, over their counted deviation."""

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, count: Tensor, total: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        weights = (count / total).squeeze(1)
        mean = weights @ rows
        centred = rows - mean
        variance = weights @ centred.square()
        scale = torch.rsqrt(variance + eps)
        normalised = centred.mul_(scale)
        ctx.save_for_backward(normalised, weights, scale)
        ctx.mark_non_differentiable(mean, variance)
        return normalised, mean, variance

    @staticmethod
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        normalised, weights, scale = ctx.saved_tensors
        along = (grad * normalised).sum(0)
        shared = torch.addcmul(grad.sum(0), normalised, along).mul_(weights[:, None])
        return (grad - shared).mul_(scale), None, None, None
