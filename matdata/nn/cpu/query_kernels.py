"""Attention of a query for each set to the set's entries, forwards and backwards, for the CPU.

Written with tensors, the query of its set is gathered for each entry, and the entries go through
memory for the product, the shares and the sum; here a set is read twice, and stays in the cache.

Interface: `njit` of numba through `matdata.core.jit`; tried with 0.68. Without numba, or switched
off, `nn.query_attention` computes with tensors.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matdata.core.jit import kernel, sums
from matdata.nn.cpu.elementary import ZERO, exp_below, single
from matdata.nn.cpu.rows import add_times

if TYPE_CHECKING:
    from matdata.core.crystals import Array

_LEAST = single(-math.inf)


@sums
def _dot(one: Array, other: Array) -> float:
    total = ZERO
    for k in range(len(one)):
        total += one[k] * other[k]
    return total


@sums
def _both_times(to: Array, row: Array, factor: float, other: Array, times: float) -> None:
    """``to = factor row + times other``."""
    for k in range(len(to)):
        to[k] = factor * row[k] + times * other[k]


@kernel
def forward(
    entries: Array,
    query: Array,
    log_weights: Array,
    offsets: Array,
    first: int,
    last: int,
    out: Array,
    shares: Array,
) -> None:
    """Fill `shares` (n,) and `out` (b, w), 0 before, for sets `first` to `last - 1`."""
    for chosen in range(first, last):
        begin, end = offsets[chosen], offsets[chosen + 1]
        top = _LEAST
        for e in range(begin, end):
            score = _dot(entries[e], query[chosen]) + log_weights[e]
            shares[e] = score
            if not score <= top:  # NaN too
                top = score
        total = ZERO
        for e in range(begin, end):
            raised = exp_below(shares[e] - top)
            shares[e] = raised
            total += raised
        for e in range(begin, end):
            share = shares[e] / total
            shares[e] = share
            add_times(out[chosen], share, entries[e])


@kernel
def backward(
    grad: Array,
    entries: Array,
    query: Array,
    shares: Array,
    offsets: Array,
    first: int,
    last: int,
    steps: Array,
    to_entries: Array,
    to_query: Array,
) -> None:
    """Fill in the gradients for sets `first` to `last - 1`; `to_query` is 0 before.

    `steps` (n,) is room for what the shares are to change by.
    """
    for chosen in range(first, last):
        begin, end = offsets[chosen], offsets[chosen + 1]
        mean = ZERO
        for e in range(begin, end):
            step = _dot(grad[chosen], entries[e])
            steps[e] = step
            mean += shares[e] * step
        for e in range(begin, end):
            step = shares[e] * (steps[e] - mean)
            _both_times(to_entries[e], grad[chosen], shares[e], query[chosen], step)
            add_times(to_query[chosen], step, entries[e])
