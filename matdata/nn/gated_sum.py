"""Sums of gated messages over the edges of each site: the heart of CGCNN and its kin.

For an edge e from site i to site j, with ``z_e = own_i + other_j + edge_e`` and n the batch
normalisation over all edges,

    g_e ⊕ c_e = n(z_e)
    out_i = sum_e count_e sigmoid(g_e) core(c_e)             (Xie and Grossman 2018, eq. 5)

with softplus or SiLU as the core. Two ways that agree: compiled loops (CPU, float32 and less), and
tensors (any device).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from matdata.core.crystals import Array
from matdata.nn.context import Context
from matdata.nn.cpu.autograd import array, outside_graphs, use_loops
from matdata.nn.cpu.openmp import how_many_parts, in_threads
from matdata.nn.cpu.operation import Gradient, Operation
from matdata.nn.norms import CountedBatchNorm
from matdata.nn.segments import segment_sum
from matdata.nn.vmap import Stacked, VmapInfo, member_by_member

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

    Raises
    ------
    IndexError
        If an edge has no sender, receiver or count, or one of its ends is no site.
    """
    links = Links(sender, receiver, count, count if of_all is None else of_all)
    loops = use_loops(edge) and edge.dtype != torch.float64 and len(edge) > 0
    return (compiled if loops else tensors)(both, edge, links, norm, core)


@dataclass(frozen=True, eq=False)
class Links:
    """Ends of edges and how often each counts, as in `gated_sum`."""

    sender: Tensor
    receiver: Tensor
    count: Tensor | None = None
    of_all: Tensor | None = None


def tensors(both: Tensor, edge: Tensor, links: Links, norm: CountedBatchNorm, core: Core) -> Tensor:
    """The sums by operations of torch; see `gated_sum`."""
    own, other = both.chunk(2, 1)
    mixed = own.index_select(0, links.sender) + other.index_select(0, links.receiver) + edge
    gate, inner = norm(mixed, links.of_all).chunk(2, 1)
    messages = torch.sigmoid(gate) * _CORES[core](inner)
    if links.count is not None:
        messages = messages * links.count
    return segment_sum(messages, links.sender, len(both))


@outside_graphs
def compiled(
    both: Tensor, edge: Tensor, links: Links, norm: CountedBatchNorm, core: Core
) -> Tensor:
    """The sums by the compiled loops of the CPU, in float32; see `gated_sum`."""
    ones = edge.new_ones(len(edge), 1, dtype=torch.float32)
    counts, everything = (ones if given is None else given for given in (links.count, links.of_all))
    total = everything.sum()
    known = None if norm.measures(edge, links.of_all) else (norm.running_mean, norm.running_var)
    how = _How(known, norm.eps, core)
    exact = (value.to(torch.float32) for value in (both, edge, norm.weight, norm.bias))
    out, mean, variance, *_ = _GatedSum.of(
        how, *exact, links.sender, links.receiver, (everything / total).flatten(), counts.flatten()
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


class _GatedSum(Operation):
    """The loops with their gradient.

    Returns the sums, mean and variance of the channels, and what the gradient needs: the inputs of
    the normalisation, and its mean and 1 / deviation.
    """

    @staticmethod
    def forward(
        how: _How, both: Tensor, edge: Tensor, weight: Tensor, bias: Tensor, *rest: Tensor
    ) -> tuple[Tensor, ...]:
        from matdata.nn.cpu import gated_kernels as kernels

        _require_sites(both, edge, *rest)
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
        _over_channels(kernels.forward, [*read, *kept], written, edge, kernels.CHANNELS)
        return out, norm[0].clone(), variance, mixed, norm[:2].clone()

    @staticmethod
    def setup_context(
        ctx: _Saved,
        inputs: tuple[_How, Tensor, Tensor, Tensor, Tensor, *tuple[Tensor, ...]],
        output: tuple[Tensor, ...],
    ) -> None:
        ctx.how, both, _, weight, bias, *rest = inputs
        ctx.mark_non_differentiable(*output[1:])
        ctx.save_for_backward(both, weight, bias, *output[3:], *rest)

    @staticmethod
    def backward(ctx: _Saved, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        saved = ctx.saved_tensors  # once: under checkpointing they are made anew for each access
        gradients = _Gradient.of(ctx.how, grad, *saved)
        return None, *gradients, *[None for _ in saved[5:]]

    @staticmethod
    def vmap(info: VmapInfo, in_dims: tuple[int | None, ...], *inputs: object) -> Stacked:
        return member_by_member(_GatedSum.of, info, in_dims, inputs)


class _Gradient(Gradient):
    """The gradient, which has none of its own."""

    what = "gated sums"

    @staticmethod
    def forward(
        how: _How,
        grad: Tensor,
        both: Tensor,
        weight: Tensor,
        bias: Tensor,
        mixed: Tensor,
        statistics: Tensor,
        *rest: Tensor,
    ) -> tuple[Tensor, ...]:
        from matdata.nn.cpu import gated_kernels as kernels

        norm = torch.cat([statistics, weight[None], bias[None]])
        to_both, to_mixed = torch.zeros_like(both), torch.empty_like(mixed)
        to_norm = torch.empty_like(statistics)
        read = [array(tensor) for tensor in (grad, mixed, *rest, norm)]
        written = [tensor.numpy() for tensor in (to_mixed, to_both, to_norm)]
        _over_channels(kernels.backward, [*read, *how.flags], written, mixed, kernels.CHANNELS)
        return to_both, to_mixed, to_norm[0], to_norm[1]


def _require_sites(both: Tensor, edge: Tensor, *rest: Tensor) -> None:
    """Refuse what the loops, which check nothing, would read and write beside their arrays.

    Raises
    ------
    IndexError
        If there are not as many ends and counts as edges, an end is no site, or widths differ.
    """
    if any(one.shape != edge.shape[:1] for one in rest):
        shapes = ", ".join(str(tuple(one.shape)) for one in rest)
        raise IndexError(f"{len(edge)} edges with senders, receivers and counts of {shapes}")
    if both.shape[1] != 2 * edge.shape[1]:
        raise IndexError(f"{both.shape[1]} channels of sites for {edge.shape[1]} of edges")
    for ends in rest[:2]:
        least, most = (int(end) for end in torch.aminmax(ends))
        if least < 0 or most >= len(both):
            raise IndexError(f"edges of sites {least} to {most}, and there are {len(both)}")


def _over_channels(
    loops: Callable[..., None],
    read: Sequence[object],
    written: Sequence[Array],
    edge: Tensor,
    group: int,
) -> None:
    """Call ``loops(*read, first, last, *written)`` for all groups of channels of gate and core."""
    width = edge.shape[1] // 2
    groups = -(-width // group)

    def work(_: int, begin: int, end: int) -> None:
        for k in range(begin, end):
            loops(*read, k * group, min((k + 1) * group, width), *written)

    in_threads(work, np.arange(groups + 1), how_many_parts(edge.numel()))
