"""Weighted attention over all pairs of nodes of one set: the heart of Roost and Wren.

For a node i of a set, with hidden channels ``x_ij = leaky(own_i + shift + other_j)`` of a pair,

    e_ij = gate . x_ij(gate part) + prior_j
    a_ij = exp(e_ij) / sum_k exp(e_ik)                       (Goodall 2022, eq. 4.2 and 4.3)
    out_i = sum_j a_ij x_ij(message part)

for each of several heads. `both` is (n, 2 * heads * (gates + hidden)): `own`, then `other`, and in
each first the gate parts of all heads, then the message parts. `shift` is one row, the bias of the
layer that computed them, or one per set: the loops add it on their way, which saves a pass over
`both`. The last linear layer of the
messages follows after the sum over j, since the shares sum to 1: one product per node in place
of one per pair. With `distinct`, j and k are nodes other than i.

Three ways that agree: compiled loops (CPU), padded tensors, ragged tensors (any device).
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from matdata.nn.attention_pooling import by_head
from matdata.nn.cpu.autograd import SLOPE, AttentionLoops, array, use_loops
from matdata.nn.cpu.openmp import how_many_parts, in_threads
from matdata.nn.segments import Segments, segment_softmax, segment_sum

FAR_BELOW = -1e30


def ragged(
    both: Tensor, shift: Tensor | None, gate: Tensor, prior: Tensor, sets: Segments
) -> Tensor:
    """Attention with one row per pair; see the module."""
    return attend_pairs(*_halves(both, shift, sets), gate, prior, *sets.pairs)


def _halves(both: Tensor, shift: Tensor | None, sets: Segments) -> tuple[Tensor, Tensor]:
    """What a node adds as the first of a pair, the shift too, and as its second."""
    own, other = both.chunk(2, 1)
    if shift is None:
        return own, other
    return own + (shift if len(shift) == 1 else shift.index_select(0, sets.owner)), other


def attend_pairs(
    own: Tensor, other: Tensor, gate: Tensor, prior: Tensor, first: Tensor, second: Tensor
) -> Tensor:
    """Attention over given pairs of nodes, with one row per pair; see the module.

    Parameters
    ----------
    own, other : (n, heads * (gates + hidden))
        What a node adds to a pair as its first (i), and as its second (j).
    gate : (heads, gates)
        Last layer of the gates.
    prior : (n, heads)
        Logarithms of the weights.
    first, second : (P,) int64
        Nodes of each pair.

    Returns
    -------
    (n, heads * hidden)
        Hidden message of each node and head; 0 for a node that is first in no pair.
    """
    heads, cut = len(gate), gate.numel()
    rows = F.leaky_relu(own.index_select(0, first) + other.index_select(0, second), SLOPE)
    scores = (by_head(rows[:, :cut], heads) * gate).sum(2)
    shares = segment_softmax(scores + prior.index_select(0, second), first, len(own))
    messages = by_head(rows[:, cut:], heads) * shares[:, :, None]
    return segment_sum(messages.flatten(1), first, len(own))


def padded(
    both: Tensor, shift: Tensor | None, gate: Tensor, prior: Tensor, sets: Segments
) -> Tensor:
    """Attention with sets padded to the longest; see the module."""
    heads, cut = len(gate), gate.numel()
    own, other = sets.padded(both).chunk(2, 2)
    if shift is not None:
        own = own + shift[:, None]
    rows = F.leaky_relu(own[:, :, None] + other[:, None], SLOPE)
    scores = (by_head(rows[..., :cut], heads) * gate).sum(4) + sets.padded(prior)[:, None]
    shares = torch.softmax(scores.masked_fill(~sets.mask[:, None, :, None], FAR_BELOW), 2)
    messages = (by_head(rows[..., cut:], heads) * shares[..., None]).sum(2)
    return sets.packed(messages.flatten(2))


def compiled(
    both: Tensor,
    shift: Tensor | None,
    gate: Tensor,
    prior: Tensor,
    sets: Segments,
    distinct: bool = False,
) -> Tensor:
    """Attention by the compiled loops of the CPU; see the module."""
    if shift is None:
        shift = both.new_zeros(1, both.shape[1] // 2)
    loops = _distinct_loops if distinct else _loops
    return loops(both, shift, gate, prior, sets.offsets, sets.pair_offsets)


def attend(
    both: Tensor,
    shift: Tensor | None,
    gate: Tensor,
    prior: Tensor,
    sets: Segments,
    distinct: bool = False,
) -> Tensor:
    """Weighted attention over the pairs of each set, the fastest way for the device.

    Parameters
    ----------
    both : (n, 2 * heads * (gates + hidden))
        What a node adds to a pair as its first (i), then as its second (j).
    shift : (1 or b, heads * (gates + hidden)), optional
        What is added to all pairs, or to those of each set.
    gate : (heads, gates)
        Last layer of the gates; a bias would cancel in the softmax.
    prior : (n, heads)
        Logarithms of the weights.
    sets
        Which nodes form a set.
    distinct
        Whether a node is no pair with itself; that of a node alone in its set is then 0.

    Returns
    -------
    (n, heads * hidden)
        Hidden message of each node and head.
    """
    if use_loops(both):
        return compiled(both, shift, gate, prior, sets, distinct)
    if distinct:
        return attend_pairs(*_halves(both, shift, sets), gate, prior, *sets.distinct_pairs)
    return padded(both, shift, gate, prior, sets)


def _forward(
    distinct: bool,
    both: Tensor,
    shift: Tensor,
    gate: Tensor,
    prior: Tensor,
    offsets: Tensor,
    pair_offsets: Tensor,
) -> tuple[Tensor, Tensor]:
    from matdata.nn.cpu import attention_kernels as kernels

    arrays = array(both), array(shift), array(gate), array(prior)
    ends, places = offsets.numpy(), pair_offsets.numpy()
    out = both.new_empty(len(both), both.shape[1] // 2 - gate.numel())
    shares = both.new_empty(int(places[-1]), len(gate))
    slope = arrays[0].dtype.type(SLOPE)

    def work(_: int, first: int, last: int) -> None:
        kernels.forward(
            *arrays, ends, places, first, last, slope, distinct, out.numpy(), shares.numpy()
        )

    in_threads(work, places, how_many_parts(int(places[-1]) * both.shape[1] // 2))
    return out, shares


def _backward(
    distinct: bool,
    grad: Tensor,
    both: Tensor,
    shift: Tensor,
    gate: Tensor,
    shares: Tensor,
    offsets: Tensor,
    pair_offsets: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    from matdata.nn.cpu import attention_kernels as kernels

    arrays = array(grad), array(both), array(shift), array(gate), array(shares)
    ends, places = offsets.numpy(), pair_offsets.numpy()
    to_both, to_prior = torch.empty_like(both), both.new_empty(len(both), len(gate))
    parts = how_many_parts(int(places[-1]) * both.shape[1])
    to_gate = gate.new_zeros(parts, *gate.shape)
    # one row for all sets is added to by each part; rows of sets by the part that has the set
    to_shift = shift.new_zeros(parts if len(shift) == 1 else 1, *shift.shape)
    slope = arrays[0].dtype.type(SLOPE)
    both_out, shifts, gates, priors = (to.numpy() for to in (to_both, to_shift, to_gate, to_prior))

    def work(part: int, first: int, last: int) -> None:
        outs = both_out, shifts[part % len(shifts)], gates[part], priors
        kernels.backward(*arrays, ends, places, first, last, slope, distinct, *outs)

    in_threads(work, places, parts)
    return to_both, to_shift.sum(0), to_gate.sum(0), to_prior


_loops = AttentionLoops(partial(_forward, False), partial(_backward, False))
_distinct_loops = AttentionLoops(partial(_forward, True), partial(_backward, True))
