"""Sums of gated messages over the edges of each site: the heart of CGCNN and its kin.

For an edge e from site i to site j, with ``z_e = own_i + other_j + edge_e`` and n the batch
normalisation over all edges,

    g_e ⊕ c_e = n(z_e)
    out_i = sum_e count_e sigmoid(g_e) core(c_e)             (Xie and Grossman 2018, eq. 5)

with softplus or SiLU as the core. Two ways that agree: compiled loops (CPU, float32 and less), and
tensors (any device).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from matdata.nn.context import Context
from matdata.nn.cpu.autograd import array, outside_graphs, use_loops
from matdata.nn.cpu.openmp import how_many_parts, in_threads
from matdata.nn.norms import CountedBatchNorm
from matdata.nn.segments import segment_sum

Core: TypeAlias = Literal["softplus", "silu"]
_CORES: dict[Core, Callable[[Tensor], Tensor]] = {"softplus": F.softplus, "silu": F.silu}


def gated_sum(
    both: Tensor,
    edge: Tensor,
    sender: Tensor,
    receiver: Tensor,
    norm: CountedBatchNorm,
    *,
    count: Tensor | None = None,
    of_all: Tensor | None = None,
    core: Core = "softplus",
) -> Tensor:
    """Normalised, gated messages, summed over the edges of each site; see the module.

    Parameters
    ----------
    both : (N, 4 w)
        What a site adds to its edges as their sender (gate, then core), then as their receiver.
    edge : (E, 2 w)
        What an edge adds itself.
    sender, receiver : (E,) int64
        Sites of each edge.
    norm
        Batch normalisation of the 2 w channels.
    count : (E, 1), optional
        How often a message counts in the sum; once if not given.
    of_all : (E, 1), optional
        How often an edge counts in the statistics; as `count` if not given.
    core
        What the core goes through.

    Returns
    -------
    (N, w)
        Sums; 0 for a site that sends no edge.
    """
    of_all = count if of_all is None else of_all
    loops = use_loops(edge) and edge.dtype != torch.float64 and len(edge) > 0
    way = compiled if loops else tensors
    return way(both, edge, sender, receiver, norm, count, of_all, core)


def tensors(
    both: Tensor,
    edge: Tensor,
    sender: Tensor,
    receiver: Tensor,
    norm: CountedBatchNorm,
    count: Tensor | None,
    of_all: Tensor | None,
    core: Core,
) -> Tensor:
    """The sums by operations of torch; see `gated_sum`."""
    own, other = both.chunk(2, 1)
    mixed = own.index_select(0, sender) + other.index_select(0, receiver) + edge
    gate, inner = norm(mixed, of_all).chunk(2, 1)
    messages = torch.sigmoid(gate) * _CORES[core](inner)
    if count is not None:
        messages = messages * count
    return segment_sum(messages, sender, len(both))


@outside_graphs
def compiled(
    both: Tensor,
    edge: Tensor,
    sender: Tensor,
    receiver: Tensor,
    norm: CountedBatchNorm,
    count: Tensor | None,
    of_all: Tensor | None,
    core: Core,
) -> Tensor:
    """The sums by the compiled loops of the CPU, in float32; see `gated_sum`."""
    ones = edge.new_ones(len(edge), 1, dtype=torch.float32)
    counts, everything = (ones if given is None else given for given in (count, of_all))
    total = everything.sum()
    known = None if norm.measures(edge, of_all) else (norm.running_mean, norm.running_var)
    how = _How(known, norm.eps, core)
    exact = (value.to(torch.float32) for value in (both, edge, norm.weight, norm.bias))
    out, mean, variance = _GatedSum.apply(
        how, *exact, sender, receiver, (everything / total).flatten(), counts.flatten()
    )
    if known is None:
        norm.track(mean, variance, total)
    summed: Tensor = out.to(edge.dtype)
    return summed


@dataclass(frozen=True, eq=False)
class _How:
    """How messages are normalised and gated: by known mean and variance, or by those of edges."""

    known: tuple[Tensor | None, Tensor | None] | None
    eps: float
    core: Core

    @property
    def flags(self) -> tuple[bool, bool]:
        """Whether statistics are those of the edges, and whether the core is softplus."""
        return self.known is None, self.core == "softplus"


class _Saved(Context, Protocol):
    how: _How


class _GatedSum(torch.autograd.Function):
    """The loops with their gradient, of first order."""

    @staticmethod
    def forward(
        ctx: _Saved,
        how: _How,
        both: Tensor,
        edge: Tensor,
        weight: Tensor,
        bias: Tensor,
        *rest: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        from matdata.nn.cpu import gated_kernels as kernels

        norm = torch.stack([torch.zeros_like(bias), torch.ones_like(bias), weight, bias])
        if how.known is not None:
            mean, variance = how.known
            assert mean is not None
            assert variance is not None
            norm[0], norm[1] = mean, torch.rsqrt(variance + how.eps)
        mixed, variance = edge.new_empty(edge.shape), torch.empty_like(bias)
        out = both.new_zeros(len(both), edge.shape[1] // 2)
        read = [array(tensor) for tensor in (edge, both, *rest)]
        kept = norm.detach().numpy(), how.eps, *how.flags
        written = [tensor.numpy() for tensor in (mixed, variance, out)]

        def work(first: int, last: int) -> None:
            kernels.forward(*read, *kept, first, last, *written)

        _over_channels(work, edge, kernels.CHANNELS)
        ctx.how = how
        ctx.save_for_backward(mixed, norm, *rest)
        mean = norm[0].clone()
        ctx.mark_non_differentiable(mean, variance)
        return out, mean, variance

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: _Saved, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        from matdata.nn.cpu import gated_kernels as kernels

        mixed, norm, *rest = ctx.saved_tensors
        to_mixed, to_norm = torch.empty_like(mixed), norm.new_empty(2, mixed.shape[1])
        to_both = mixed.new_zeros(len(grad), 2 * mixed.shape[1])
        read = [array(tensor) for tensor in (grad, mixed, *rest)]
        kept = array(norm), *ctx.how.flags
        written = [tensor.numpy() for tensor in (to_mixed, to_both, to_norm)]

        def work(first: int, last: int) -> None:
            kernels.backward(*read, *kept, first, last, *written)

        _over_channels(work, mixed, kernels.CHANNELS)
        return None, to_both, to_mixed, to_norm[0], to_norm[1], *[None for _ in rest]


def _over_channels(work: Callable[[int, int], None], edge: Tensor, group: int) -> None:
    """Call ``work(first, last)`` for all groups of channels of a gate and its core."""
    width = edge.shape[1] // 2
    groups = -(-width // group)

    def part(_: int, begin: int, end: int) -> None:
        for k in range(begin, end):
            work(k * group, min((k + 1) * group, width))

    in_threads(part, np.arange(groups + 1), how_many_parts(edge.numel()))
