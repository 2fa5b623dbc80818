"""Rows that are sums of rows of a table and a multiple of one more, and their gradient, on the CPU.

Rows are written once and read once. The gradient of the table is summed in groups of channels,
which threads share, and not rows: each sum is taken in the same order whatever their number.

Interface: `njit` of numba through `matdata.core.jit`; tried with 0.68. Without numba, or
switched off, `nn.table_nodes` computes with tensors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matdata.core.jit import kernel, sums
from matdata.nn.cpu.rows import BLOCK, add, add_times

if TYPE_CHECKING:
    from matdata.core.crystals import Array

#: Channels of a group.
CHANNELS = 256


@sums
def _begin(to: Array, row: Array, number: float, direction: Array) -> None:
    """``to = row + number direction``."""
    for k in range(len(to)):
        to[k] = row[k] + number * direction[k]


@kernel
def forward(
    table: Array,
    places: Array,
    numbers: Array,
    direction: Array,
    first: int,
    last: int,
    out: Array,
) -> None:
    """Fill the rows `first` to `last - 1` of `out`; see `nn.table_nodes`."""
    for i in range(first, last):
        _begin(out[i], table[places[0, i]], numbers[i], direction)
        for t in range(1, len(places)):
            add(out[i], table[places[t, i]])


@kernel
def backward(
    grad: Array,
    places: Array,
    numbers: Array,
    first: int,
    last: int,
    to_table: Array,
    to_direction: Array,
) -> None:
    """Add the gradients of the channels `first` to `last - 1` to what is 0 before."""
    part = np.zeros(last - first, grad.dtype)
    total = np.zeros(last - first)
    for i in range(len(grad)):
        down = grad[i, first:last]
        for t in range(len(places)):
            add(to_table[places[t, i], first:last], down)
        add_times(part, numbers[i], down)
        if i % BLOCK == BLOCK - 1:
            add(total, part)
            part[:] = 0
    add(total, part)
    for k in range(last - first):
        to_direction[first + k] = total[k]
