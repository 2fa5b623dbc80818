"""Edges that are equal for a network that sees their ends and lengths alone, held once.

A site of a symmetric crystal has several neighbours that are images of one site at one distance.
Their messages are the same numbers, so they are computed once and counted: sums, means and
variances over all edges are weighted ones over the distinct edges, by the same algebra.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

#: Sites above which two of them and a distance no longer fit into 63 bits.
MOST_SITES = 1 << 16
_DISTANCE_BITS = 31


@dataclass(frozen=True, eq=False)
class Edges:
    """Directed edges between sites.

    Attributes
    ----------
    sender, receiver : (E,) int64
        Sites; senders ascend.
    distance : (E,) float32
        Lengths, Å.
    count : (E, 1) float32, optional
        How many edges each stands for; one if not given.
    """

    sender: Tensor
    receiver: Tensor
    distance: Tensor
    count: Tensor | None = None

    @classmethod
    def distinct(cls, sender: Tensor, receiver: Tensor, distance: Tensor, sites: int) -> Edges:
        """Edges with the same ends and, to the bit, the same length, as one.

        On an accelerator, where counting them would wait for the device, and for float64 or more
        sites than fit, edges stay as they are.
        """
        whole = distance.device.type != "cpu" or distance.dtype != torch.float32
        if whole or sites >= MOST_SITES or not len(sender):
            return cls(sender, receiver, distance)
        # bits of a float that is not negative ascend as it does
        bits = (distance + 0.0).view(torch.int32).to(torch.int64)
        keys, count = torch.unique(
            ((sender * sites + receiver) << _DISTANCE_BITS) | bits, return_counts=True
        )
        ends = keys >> _DISTANCE_BITS
        length = (keys & ((1 << _DISTANCE_BITS) - 1)).to(torch.int32).view(torch.float32)
        counted = count.to(torch.float32)[:, None]
        return cls(torch.div(ends, sites, rounding_mode="floor"), ends % sites, length, counted)


class CountedBatchNorm(nn.BatchNorm1d):
    """`nn.BatchNorm1d` of rows that each stand for several equal ones."""

    def forward(self, rows: Tensor, count: Tensor | None = None) -> Tensor:
        """Rows (n, d) and how many each stands for (n, 1) to (n, d)."""
        if count is None or not self.training:
            return super().forward(rows)
        total = count.sum()
        normalised, mean, variance = _Normalise.apply(rows, count, total, self.eps)
        with torch.no_grad():
            assert self.running_mean is not None
            assert self.running_var is not None
            assert self.num_batches_tracked is not None
            momentum = 0.1 if self.momentum is None else self.momentum
            unbiased = variance * (total / (total - 1).clamp(min=1))
            self.running_mean.lerp_(mean, momentum)
            self.running_var.lerp_(unbiased, momentum)
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


def gated(mixed: Tensor) -> Tensor:
    """``sigmoid(a) * softplus(b)`` of rows a ⊕ b (T. Xie and J. C. Grossman, PRL 120, 145301)."""
    gate, core = mixed.chunk(2, 1)
    return torch.sigmoid(gate) * F.softplus(core)
