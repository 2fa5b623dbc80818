"""Attention from the nodes of small sets to one row, forwards and backwards, for the CPU.

As in `matdata.nn.cpu.attention_kernels`, hidden channels are used while they are in the cache, and
computed again in the backward pass.

Interface: `njit` of numba through `matdata.core.jit`; tried with 0.68. Without numba, or
switched off, `nn.attention_pooling` computes with tensors.

``slope - slope`` is a zero of the type of the arrays.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matdata.core.jit import kernel, sums

if TYPE_CHECKING:
    from matdata.core.crystals import Array


@sums
def _gated(row: Array, shift: Array, gate: Array, slope: float) -> float:
    """``gate . leaky(row + shift)``."""
    total = slope - slope
    for k in range(len(gate)):
        x = row[k] + shift[k]
        y = x * slope
        total += gate[k] * (x if x > y else y)
    return total


@sums
def _add_hidden(out: Array, share: float, row: Array, shift: Array, slope: float) -> None:
    """``out += share leaky(row + shift)``."""
    for k in range(len(out)):
        x = row[k] + shift[k]
        y = x * slope
        out[k] += share * (x if x > y else y)


@sums
def _back_hidden(
    grad: Array,
    share: float,
    row: Array,
    shift: Array,
    to_row: Array,
    to_shift: Array,
    slope: float,
) -> float:
    """``grad . leaky(row + shift)``; `to_row` becomes the gradient of ``share`` times that.

    It is added to `to_shift`.
    """
    total = slope - slope
    for k in range(len(grad)):
        x = row[k] + shift[k]
        step = grad[k]
        step = step if x > 0 else step * slope
        total += step * x
        step *= share
        to_row[k] = step
        to_shift[k] += step
    return total


@sums
def _back_gate(
    gate: Array,
    step: float,
    row: Array,
    shift: Array,
    to_row: Array,
    to_shift: Array,
    to_gate: Array,
    slope: float,
) -> None:
    """Gradients of ``step gate . leaky(row + shift)``; those of gate and shift are added."""
    for k in range(len(gate)):
        x = row[k] + shift[k]
        y = x * slope
        to_gate[k] += step * (x if x > y else y)
        down = step * gate[k]
        down = down if x > y else down * slope
        to_row[k] = down
        to_shift[k] += down


@kernel
def forward(
    rows: Array,
    shift: Array,
    gate: Array,
    prior: Array,
    offsets: Array,
    first: int,
    last: int,
    slope: float,
    out: Array,
    shares: Array,
) -> None:
    """Fill `out` and `shares` for sets `first` to `last - 1`; see `nn.attention_pooling`."""
    heads, gates = gate.shape
    hidden = out.shape[1] // heads
    for chosen in range(first, last):
        begin, end = offsets[chosen], offsets[chosen + 1]
        for m in range(heads):
            at, to = m * gates, heads * gates + m * hidden
            top = -slope / (slope - slope)  # minus infinity, of the type of the arrays
            for j in range(begin, end):
                score = (
                    _gated(rows[j, at : at + gates], shift[at : at + gates], gate[m], slope)
                    + prior[j, m]
                )
                shares[j, m] = score
                if not score <= top:
                    top = score
            total = slope - slope
            for j in range(begin, end):
                raised = math.exp(shares[j, m] - top)
                shares[j, m] = raised
                total += raised
            row = out[chosen, m * hidden : (m + 1) * hidden]
            row[:] = 0
            for j in range(begin, end):
                share = shares[j, m] / total
                shares[j, m] = share
                _add_hidden(row, share, rows[j, to : to + hidden], shift[to : to + hidden], slope)


@kernel
def backward(
    grad: Array,
    rows: Array,
    shift: Array,
    gate: Array,
    shares: Array,
    offsets: Array,
    first: int,
    last: int,
    slope: float,
    to_rows: Array,
    to_shift: Array,
    to_gate: Array,
    to_prior: Array,
) -> None:
    """Fill in the gradients for sets `first` to `last - 1`; see `nn.attention_pooling`.

    Those of the shift and of the gates are added to `to_shift` and `to_gate`.
    """
    heads, gates = gate.shape
    hidden = grad.shape[1] // heads
    for chosen in range(first, last):
        begin, end = offsets[chosen], offsets[chosen + 1]
        for m in range(heads):
            at, to = m * gates, heads * gates + m * hidden
            down = grad[chosen, m * hidden : (m + 1) * hidden]
            added, to_added = shift[to : to + hidden], to_shift[to : to + hidden]
            mean = slope - slope
            for j in range(begin, end):
                row, place = rows[j, to : to + hidden], to_rows[j, to : to + hidden]
                share = shares[j, m]
                inner = _back_hidden(down, share, row, added, place, to_added, slope)
                to_prior[j, m] = inner
                mean += share * inner
            added, to_added = shift[at : at + gates], to_shift[at : at + gates]
            for j in range(begin, end):
                step = shares[j, m] * (to_prior[j, m] - mean)
                to_prior[j, m] = step
                row, place = rows[j, at : at + gates], to_rows[j, at : at + gates]
                _back_gate(gate[m], step, row, added, place, to_added, to_gate[m], slope)
