"""Weighted attention over all pairs of nodes of one set: the heart of Roost and Wren.

For a node i of a set, with hidden numbers ``x_ij = leaky(own_i + other_j)`` of each pair,

    e_ij = gate . x_ij(gate part) + prior_j
    a_ij = exp(e_ij) / sum_k exp(e_ik)                       (Goodall 2022, eq. 4.2 and 4.3)
    out_i = sum_j a_ij x_ij(message part)

for each of several heads. `own` and `other` are (n, heads * gates + heads * hidden): first the
gate parts of all heads, then the message parts. The last linear layer of the messages follows
after the sum over j, since the shares sum to 1: one product a node in place of one a pair.

Three ways that agree: compiled loops (CPU), padded tensors, ragged tensors (any device).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from matdata.nn.members import member_by_member
from matdata.nn.segments import segment_softmax, segment_sum

#: Pairs times numbers below which a second thread costs more than it brings.
WORTH_A_THREAD = 1 << 18
FAR_BELOW = -1e30
#: Slope of the leaky ReLU below 0, torch's default.
SLOPE = 0.01


@dataclass(frozen=True, eq=False)
class Sets:
    """Which nodes form a set.

    Attributes
    ----------
    offsets : (b + 1,) int64
        Where the nodes of each set begin.
    owner : (n,) int64
        Set of each node.
    """

    offsets: Tensor
    owner: Tensor

    @classmethod
    def of(cls, entries: Any, level: str) -> Sets:
        """The sets that the entries of a ragged level of a batch's input form."""
        return cls(entries.offsets[level], entries.owner(level))

    @property
    def count(self) -> int:
        """Number of sets."""
        return len(self.offsets) - 1

    @functools.cached_property
    def lengths(self) -> Tensor:
        """Nodes of each set, (b,)."""
        return self.offsets[1:] - self.offsets[:-1]

    @functools.cached_property
    def pair_offsets(self) -> Tensor:
        """Where the pairs of each set begin, (b + 1,)."""
        return F.pad(torch.cumsum(self.lengths**2, 0), (1, 0))

    @functools.cached_property
    def pairs(self) -> tuple[Tensor, Tensor]:
        """First and second node of each pair, two (P,), sorted by the first."""
        chosen = torch.repeat_interleave(self.lengths**2)
        place = torch.arange(len(chosen), device=chosen.device) - self.pair_offsets[chosen]
        begin, length = self.offsets[chosen], self.lengths[chosen]
        return begin + place // length, begin + place % length

    @functools.cached_property
    def longest(self) -> int:
        """Nodes of the largest set."""
        return int(self.lengths.max()) if self.count else 0

    @functools.cached_property
    def slots(self) -> Tensor:
        """Place of each node in a table of sets padded to the longest, (n,)."""
        place = torch.arange(len(self.owner), device=self.owner.device)
        return self.owner * self.longest + place - self.offsets[self.owner]

    @functools.cached_property
    def mask(self) -> Tensor:
        """Where that table holds a node, (b, longest)."""
        return torch.arange(self.longest, device=self.owner.device) < self.lengths[:, None]


def by_head(rows: Tensor, heads: int) -> Tensor:
    """(..., heads * k) to (..., heads, k)."""
    return rows.reshape(*rows.shape[:-1], heads, -1)


def ragged(own: Tensor, other: Tensor, gate: Tensor, prior: Tensor, sets: Sets) -> Tensor:
    """Attention with one row a pair; see the module."""
    first, second = sets.pairs
    heads, cut = len(gate), gate.numel()
    rows = F.leaky_relu(own.index_select(0, first) + other.index_select(0, second), SLOPE)
    scores = (by_head(rows[:, :cut], heads) * gate).sum(2)
    shares = segment_softmax(scores + prior.index_select(0, second), first, len(own))
    messages = by_head(rows[:, cut:], heads) * shares[:, :, None]
    return segment_sum(messages.flatten(1), first, len(own))


def padded(own: Tensor, other: Tensor, gate: Tensor, prior: Tensor, sets: Sets) -> Tensor:
    """Attention with sets padded to the longest; see the module."""
    heads, cut = len(gate), gate.numel()

    def table(rows: Tensor) -> Tensor:
        empty = rows.new_zeros(sets.count * sets.longest, rows.shape[1])
        filled = empty.index_copy(0, sets.slots, rows)
        return filled.reshape(sets.count, sets.longest, rows.shape[1])

    rows = F.leaky_relu(table(own)[:, :, None] + table(other)[:, None], SLOPE)
    scores = (by_head(rows[..., :cut], heads) * gate).sum(4) + table(prior)[:, None]
    shares = torch.softmax(scores.masked_fill(~sets.mask[:, None, :, None], FAR_BELOW), 2)
    messages = (by_head(rows[..., cut:], heads) * shares[..., None]).sum(2)
    flat = messages.reshape(sets.count * sets.longest, -1)
    return flat.index_select(0, sets.slots)


@torch.compiler.disable  # type: ignore[untyped-decorator]
def compiled(own: Tensor, other: Tensor, gate: Tensor, prior: Tensor, sets: Sets) -> Tensor:
    """Attention by the compiled loops of the CPU; see the module.

    They know float32 and float64; numbers of mixed precision are taken as float32.
    """
    exact = torch.promote_types(own.dtype, torch.float32)
    given = (value.to(exact) for value in (own, other, gate, prior))
    out: Tensor = _Attention.apply(*given, sets.offsets, sets.pair_offsets)[0]
    return out.to(own.dtype)


def attend(own: Tensor, other: Tensor, gate: Tensor, prior: Tensor, sets: Sets) -> Tensor:
    """Weighted attention over the pairs of each set, the fastest way for the device.

    Parameters
    ----------
    own, other : (n, heads * gates + heads * hidden)
        What a node adds to a pair as its first (i), and as its second (j).
    gate : (heads, gates)
        Last layer of the gates; a bias would cancel in the softmax.
    prior : (n, heads)
        Logarithms of the weights.
    sets
        Which nodes form a set.

    Returns
    -------
    (n, heads * hidden)
        Hidden message of each node and head.
    """
    way = compiled if own.device.type == "cpu" else padded
    return way(own, other, gate, prior, sets)


def _in_threads(work: Callable[[int, int, int], None], sets: Any, size: int) -> None:
    """Call ``work(part, first, last)`` for as many parts as torch has threads."""
    parts = min(torch.get_num_threads(), 1 + size // WORTH_A_THREAD)
    pairs = sets[-1]
    cuts = np.searchsorted(sets, pairs * np.arange(1, parts) / parts)
    edges = [0, *cuts.tolist(), len(sets) - 1]
    if parts == 1:
        work(0, 0, len(sets) - 1)
        return
    waiting = [_pool().submit(work, k, edges[k], edges[k + 1]) for k in range(1, parts)]
    work(0, edges[0], edges[1])
    for one in waiting:
        one.result()


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="matdata-nn")


def _forward(
    own: Tensor, other: Tensor, gate: Tensor, prior: Tensor, offsets: Tensor, pair_offsets: Tensor
) -> tuple[Tensor, Tensor]:
    from matdata.nn.kernels import pairs as kernels

    heads, gates = gate.shape
    arrays = _array(own), _array(other), _array(gate), _array(prior)
    ends, places = offsets.numpy(), pair_offsets.numpy()
    out = own.new_empty(len(own), own.shape[1] - heads * gates)
    shares = own.new_empty(int(places[-1]), heads)
    slope = arrays[0].dtype.type(SLOPE)

    def work(_: int, first: int, last: int) -> None:
        kernels.forward(*arrays, ends, places, first, last, slope, out.numpy(), shares.numpy())

    _in_threads(work, places, int(places[-1]) * own.shape[1])
    return out, shares


def _backward(
    grad: Tensor,
    own: Tensor,
    other: Tensor,
    gate: Tensor,
    shares: Tensor,
    offsets: Tensor,
    pair_offsets: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    from matdata.nn.kernels import pairs as kernels

    arrays = _array(grad), _array(own), _array(other), _array(gate), _array(shares)
    ends, places = offsets.numpy(), pair_offsets.numpy()
    to_own, to_other = torch.empty_like(own), torch.empty_like(other)
    to_prior = own.new_empty(len(own), len(gate))
    to_gate = gate.new_zeros(torch.get_num_threads(), *gate.shape)
    slope = arrays[0].dtype.type(SLOPE)
    gates, priors = to_gate.numpy(), to_prior.numpy()
    left, right = to_own.numpy(), to_other.numpy()

    def work(part: int, first: int, last: int) -> None:
        kernels.backward(
            *arrays, ends, places, first, last, slope, left, right, gates[part], priors
        )

    _in_threads(work, places, 2 * int(places[-1]) * own.shape[1])
    return to_own, to_other, to_gate.sum(0), to_prior


def _array(tensor: Tensor) -> Any:
    return tensor.detach().contiguous().numpy()


class _Attention(torch.autograd.Function):
    """The compiled loops with their gradient."""

    @staticmethod
    def forward(*inputs: Tensor) -> tuple[Tensor, Tensor]:
        return _forward(*inputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: tuple[Tensor, Tensor]) -> None:
        own, other, gate, _, ends, places = inputs
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(own, other, gate, output[1], ends, places)

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        return (*_AttentionGradient.apply(grad, *ctx.saved_tensors), None, None)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *inputs: Tensor) -> Any:
        return member_by_member(_Attention.apply, info, in_dims, inputs)


class _AttentionGradient(torch.autograd.Function):
    """The gradient, which has none of its own."""

    @staticmethod
    def forward(*inputs: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return _backward(*inputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.mark_non_differentiable(*output)

    @staticmethod
    def backward(ctx: Any, *_: Tensor) -> None:
        raise NotImplementedError("attention by compiled loops has gradients of first order only")

    @staticmethod
    def vmap(info: Any, in_dims: Any, *inputs: Tensor) -> Any:
        return member_by_member(_AttentionGradient.apply, info, in_dims, inputs)
