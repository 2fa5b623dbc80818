"""Weighted attention from the nodes of a set to one row: the pooling of Roost and Wren.

For a node j of a set, with hidden channels ``x_j = leaky(rows_j + shift)``,

    e_j = gate . x_j(gate part) + prior_j
    a_j = exp(e_j) / sum_k exp(e_k)                                  (Goodall 2022, eq. 4.3)
    out = sum_j a_j x_j(message part)

for each of several heads. `rows` is (n, heads * (gates + hidden)): first the gate parts of all
heads, then the message parts; `shift` is the bias of the layer that computed them, which the loops
add on their way. A set without nodes gets zeros.

Two ways that agree: compiled loops (CPU) and tensors (any device).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from matdata.nn.cpu.autograd import SLOPE, AttentionLoops, array, use_loops
from matdata.nn.cpu.openmp import how_many_parts, in_threads
from matdata.nn.segments import Segments


def by_head(rows: Tensor, heads: int) -> Tensor:
    """(..., heads * k) to (..., heads, k)."""
    return rows.reshape(*rows.shape[:-1], heads, rows.shape[-1] // heads)


def tensors(
    rows: Tensor, shift: Tensor | None, gate: Tensor, prior: Tensor, sets: Segments
) -> Tensor:
    """Pooling step by step; see the module."""
    heads, cut = len(gate), gate.numel()
    bent = F.leaky_relu(rows if shift is None else rows + shift, SLOPE)
    scores = (by_head(bent[:, :cut], heads) * gate).sum(2)
    shares = sets.softmax(scores, prior)
    messages = by_head(bent[:, cut:], heads) * shares[:, :, None]
    return sets.sum(messages.flatten(1))


def compiled(
    rows: Tensor, shift: Tensor | None, gate: Tensor, prior: Tensor, sets: Segments
) -> Tensor:
    """Pooling by the compiled loops of the CPU; see the module."""
    if shift is None:
        shift = rows.new_zeros(rows.shape[1])
    return _loops(rows, shift, gate, prior, sets.offsets)


def pool(rows: Tensor, shift: Tensor | None, gate: Tensor, prior: Tensor, sets: Segments) -> Tensor:
    """Weighted attention over the nodes of each set, the fastest way for the device.

    Parameters
    ----------
    rows : (n, heads * (gates + hidden))
        Hidden channels of the nodes, before the leaky ReLU.
    shift : (heads * (gates + hidden),), optional
        What is added to all rows.
    gate : (heads, gates)
        Last layer of the gates; a bias would cancel in the softmax.
    prior : (n, heads)
        Logarithms of the weights.
    sets
        Which nodes form a set.

    Returns
    -------
    (b, heads * hidden)
        Hidden message of each set and head.
    """
    way = compiled if use_loops(rows) else tensors
    return way(rows, shift, gate, prior, sets)


def _forward(
    rows: Tensor, shift: Tensor, gate: Tensor, prior: Tensor, offsets: Tensor
) -> tuple[Tensor, Tensor]:
    from matdata.nn.cpu import pooling_kernels as kernels

    arrays = array(rows), array(shift), array(gate), array(prior)
    ends = offsets.numpy()
    out = rows.new_empty(len(ends) - 1, rows.shape[1] - gate.numel())
    shares = torch.empty_like(prior)
    slope = arrays[0].dtype.type(SLOPE)

    def work(_: int, first: int, last: int) -> None:
        kernels.forward(*arrays, ends, first, last, slope, out.numpy(), shares.numpy())

    in_threads(work, ends, how_many_parts(rows.numel()))
    return out, shares


def _backward(
    grad: Tensor, rows: Tensor, shift: Tensor, gate: Tensor, shares: Tensor, offsets: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    from matdata.nn.cpu import pooling_kernels as kernels

    arrays = array(grad), array(rows), array(shift), array(gate), array(shares)
    ends = offsets.numpy()
    to_rows, to_prior = torch.empty_like(rows), torch.empty_like(shares)
    parts = how_many_parts(rows.numel())
    to_shift, to_gate = (one.new_zeros(parts, *one.shape) for one in (shift, gate))
    slope = arrays[0].dtype.type(SLOPE)
    rows_out, shifts, gates, priors = (to.numpy() for to in (to_rows, to_shift, to_gate, to_prior))

    def work(part: int, first: int, last: int) -> None:
        outs = rows_out, shifts[part], gates[part], priors
        kernels.backward(*arrays, ends, first, last, slope, *outs)

    in_threads(work, ends, parts)
    return to_rows, to_shift.sum(0), to_gate.sum(0), to_prior


_loops = AttentionLoops(_forward, _backward)
