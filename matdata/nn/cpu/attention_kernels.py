"""Attention over the pairs within small sets, forwards and backwards, for the CPU.

A set of k nodes has k² pairs, or k (k - 1) if a node is none with itself (`distinct`), each with
hundreds of hidden channels. Written with tensors, every
step of the attention goes through memory; here the hidden channels of a pair live in registers, and
are computed again in the backward pass.

Interface: `njit` of numba through `matdata.core.jit`; tried with 0.68. Without numba, or
switched off, `nn.pair_attention` computes with tensors.

``slope - slope`` is a zero of the type of the arrays, since the slope is finite.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from matdata.core.jit import kernel, sums
from matdata.nn.cpu.rows import add

if TYPE_CHECKING:
    from matdata.core.crystals import Array


@sums
def _shifted(to: Array, row: Array, shift: Array) -> None:
    """``to = row + shift``."""
    for k in range(len(to)):
        to[k] = row[k] + shift[k]


@sums
def _gated(own: Array, other: Array, gate: Array, slope: float) -> float:
    """``gate . leaky(own + other)``."""
    total = slope - slope
    for k in range(len(gate)):
        x = own[k] + other[k]
        y = x * slope
        total += gate[k] * (x if x > y else y)
    return total


@sums
def _add_hidden(out: Array, share: float, own: Array, other: Array, slope: float) -> None:
    """``out += share leaky(own + other)``."""
    for k in range(len(out)):
        x = own[k] + other[k]
        y = x * slope
        out[k] += share * (x if x > y else y)


@sums
def _back_hidden(
    grad: Array,
    share: float,
    own: Array,
    other: Array,
    to_own: Array,
    to_other: Array,
    slope: float,
) -> float:
    """``grad . leaky(own + other)``; gradients of ``share`` times that are added."""
    total = slope - slope
    for k in range(len(grad)):
        x = own[k] + other[k]
        step = grad[k]
        step = step if x > 0 else step * slope
        total += step * x
        step *= share
        to_own[k] += step
        to_other[k] += step
    return total


@sums
def _back_gate(
    step: float, own: Array, other: Array, to_own: Array, to_other: Array, slope: float
) -> None:
    """Add the gradients of ``step gate . leaky(own + other)``, divided by the gate."""
    for k in range(len(own)):
        down = step if own[k] + other[k] > 0 else step * slope
        to_own[k] += down
        to_other[k] += down


@sums
def _finish_gate(gate: Array, row: Array, to_row: Array, to_gate: Array) -> None:
    """From the sums that `_back_gate` left, the gradients of a row and of the gate.

    ``leaky(own + other)`` is linear in both where its sign is known, so the gradient of the gate is
    a sum over nodes: own and other times their sums over pairs.
    """
    for k in range(len(gate)):
        to_gate[k] += row[k] * to_row[k]
        to_row[k] *= gate[k]


@kernel
def forward(
    both: Array,
    shift: Array,
    gate: Array,
    prior: Array,
    offsets: Array,
    pair_offsets: Array,
    first: int,
    last: int,
    slope: float,
    distinct: bool,
    out: Array,
    shares: Array,
) -> None:
    """Fill `out` and `shares` for sets `first` to `last - 1`; see `nn.pair_attention`.

    The share of a pair that is none is left as it was.
    """
    heads, gates = gate.shape
    hidden = out.shape[1] // heads
    half = heads * (gates + hidden)
    left, mine = np.empty(gates, both.dtype), np.empty(hidden, both.dtype)
    for chosen in range(first, last):
        begin, end = offsets[chosen], offsets[chosen + 1]
        added = shift[chosen if len(shift) > 1 else 0]
        for m in range(heads):  # outside, so that what one head needs of a set stays in the cache
            at, to = m * gates, heads * gates + m * hidden
            pair = pair_offsets[chosen]
            for i in range(begin, end):
                _shifted(left, both[i, at : at + gates], added[at : at + gates])
                top = -slope / (slope - slope)  # minus infinity, of the type of the arrays
                for j in range(begin, end):
                    if distinct and j == i:
                        continue
                    right = both[j, half + at : half + at + gates]
                    score = _gated(left, right, gate[m], slope) + prior[j, m]
                    shares[pair + j - begin, m] = score
                    if not score <= top:
                        top = score
                total = slope - slope
                for j in range(begin, end):
                    if distinct and j == i:
                        continue
                    raised = math.exp(shares[pair + j - begin, m] - top)
                    shares[pair + j - begin, m] = raised
                    total += raised
                row = out[i, m * hidden : (m + 1) * hidden]
                row[:] = 0
                _shifted(mine, both[i, to : to + hidden], added[to : to + hidden])
                for j in range(begin, end):
                    if distinct and j == i:
                        continue
                    share = shares[pair + j - begin, m] / total
                    shares[pair + j - begin, m] = share
                    right = both[j, half + to : half + to + hidden]
                    _add_hidden(row, share, mine, right, slope)
                pair += end - begin


@kernel
def backward(
    grad: Array,
    both: Array,
    shift: Array,
    gate: Array,
    shares: Array,
    offsets: Array,
    pair_offsets: Array,
    first: int,
    last: int,
    slope: float,
    distinct: bool,
    to_both: Array,
    to_shift: Array,
    to_gate: Array,
    to_prior: Array,
) -> None:
    """Fill in the gradients for sets `first` to `last - 1`; see `nn.pair_attention`.

    Those of the shift and of the gates are added to `to_shift` and `to_gate`.
    """
    heads, gates = gate.shape
    hidden = grad.shape[1] // heads
    half = heads * (gates + hidden)
    gate_row, mine = np.empty(gates, both.dtype), np.empty(hidden, both.dtype)
    for chosen in range(first, last):
        begin, end = offsets[chosen], offsets[chosen + 1]
        row_of = chosen if len(shift) > 1 else 0
        added, to_added = shift[row_of], to_shift[row_of]
        steps = np.empty(end - begin, grad.dtype)
        for i in range(begin, end):
            to_both[i, :] = 0
            to_prior[i, :] = 0
        for m in range(heads):
            at, to = m * gates, heads * gates + m * hidden
            pair = pair_offsets[chosen]
            for i in range(begin, end):
                down = grad[i, m * hidden : (m + 1) * hidden]
                left = to_both[i, to : to + hidden]
                _shifted(mine, both[i, to : to + hidden], added[to : to + hidden])
                mean = slope - slope
                for j in range(begin, end):
                    if distinct and j == i:
                        continue
                    share = shares[pair + j - begin, m]
                    theirs = both[j, half + to : half + to + hidden]
                    right = to_both[j, half + to : half + to + hidden]
                    steps[j - begin] = _back_hidden(down, share, mine, theirs, left, right, slope)
                    mean += share * steps[j - begin]
                left = to_both[i, at : at + gates]
                _shifted(gate_row, both[i, at : at + gates], added[at : at + gates])
                for j in range(begin, end):
                    if distinct and j == i:
                        continue
                    step = shares[pair + j - begin, m] * (steps[j - begin] - mean)
                    to_prior[j, m] += step
                    theirs = both[j, half + at : half + at + gates]
                    right = to_both[j, half + at : half + at + gates]
                    _back_gate(step, gate_row, theirs, left, right, slope)
                pair += end - begin
            for i in range(begin, end):
                own, to_own = both[i, at : at + gates], to_both[i, at : at + gates]
                _shifted(gate_row, own, added[at : at + gates])
                _finish_gate(gate[m], gate_row, to_own, to_gate[m])
                other = both[i, half + at : half + at + gates]
                _finish_gate(gate[m], other, to_both[i, half + at : half + at + gates], to_gate[m])
                add(to_added[at : at + gates], to_own)
                add(to_added[to : to + hidden], to_both[i, to : to + hidden])
