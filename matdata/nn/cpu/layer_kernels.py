"""Linear layers that each end in a shifted softplus, and their gradient, block by block.

A block of rows goes through all layers, and back, before the next one is begun: what it is made
into stays in the cache. All matrices are float32 without gaps.

The gradient knows a row by what came out of it, h: the slope at the number that went in is
``1 - exp(-(h + shift))``, so that number need not be kept. It is right to 1.2e-7, a unit in the
last place of h near its least value.

Interface: `njit` of numba through `matdata.core.jit`; tried with 0.68. Without numba, or switched
off, `nn.softplus_layers` computes with tensors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matdata.core.jit import inner, kernel, sums
from matdata.nn.cpu.elementary import ONE, exp_below, softplus_of
from matdata.nn.cpu.product_kernels import by_matrix, by_transposed, over_rows
from matdata.nn.cpu.rows import BLOCK, add, add_times

if TYPE_CHECKING:
    from matdata.core.crystals import Array


@sums
def _activate(row: Array, bias: Array, shift: float) -> None:
    for k in range(len(row)):
        x = row[k] + bias[k]
        row[k] = softplus_of(x, exp_below(x)) - shift


@sums
def _activate_edge(row: Array, own: Array, other: Array, shift: float) -> None:
    for k in range(len(row)):
        x = row[k] + own[k] + other[k]
        row[k] = softplus_of(x, exp_below(x)) - shift


@sums
def _descend(down: Array, out: Array, shift: float, part: Array) -> None:
    """``down *= 1 - exp(-(out + shift))``, and add it to a sum."""
    for k in range(len(down)):
        step = down[k] * (ONE - exp_below(out[k] + shift))
        down[k] = step
        part[k] += step


@sums
def _with_times(to: Array, row: Array, other: Array, factor: float) -> None:
    for k in range(len(to)):
        to[k] = row[k] + factor * other[k]


@inner
def _through_softplus(down: Array, out: Array, shift: float, to_bias: Array) -> None:
    """From the gradient of `out` to that before the softplus, in place, and its sum."""
    width = len(to_bias)
    total, part = np.zeros(width), np.zeros(width, np.float32)
    for i in range(len(down)):
        _descend(down[i], out[i], shift, part)
        if i % BLOCK == BLOCK - 1:
            add(total, part)
            part[:] = 0
    add(total, part)
    for k in range(width):
        to_bias[k] = total[k]


@kernel
def forward(
    product: int,
    offsets: Array,
    first: int,
    last: int,
    rows: Array,
    weights: tuple[Array, ...],
    biases: tuple[Array, ...],
    ends: tuple[Array, ...],
    count: Array,
    sides: tuple[Array, ...],
    shift: float,
    made: tuple[Array, ...],
    summed: Array,
) -> None:
    """Blocks `first` to before `last` through the layers.

    Parameters
    ----------
    product
        Address of the library's routine.
    offsets : (blocks + 1,)
        First row of each block.
    rows : (n, k)
        Input.
    weights, biases
        Of the layers, (m, k) and (m,); where rows are edges the first bias is not read.
    ends : (n,) and (n,) int64
        Senders and receivers of edges; empty if rows are no edges.
    count : (n,)
        How often each edge counts in the sum of its sender's.
    sides : (N, m) and (N, m)
        What both ends add to the first layer.
    shift
        Taken off each softplus.
    made : (n, m) for each layer
        Written: its output.
    summed : (N, m)
        Sums over the edges of each sender, to which is added.
    """
    between = len(ends[0]) > 0
    for block in range(first, last):
        begin, end = offsets[block], offsets[block + 1]
        below = rows[begin:end]
        for layer in range(len(weights)):
            out = made[layer][begin:end]
            by_transposed(product, below, weights[layer], out)
            if between and layer == 0:
                for e in range(begin, end):
                    own, other = sides[0][ends[0][e]], sides[1][ends[1][e]]
                    _activate_edge(out[e - begin], own, other, shift)
            else:
                for i in range(len(out)):
                    _activate(out[i], biases[layer], shift)
            below = out
        if between:
            for e in range(begin, end):
                add_times(summed[ends[0][e]], count[e], below[e - begin])


@kernel
def backward(
    product: int,
    offsets: Array,
    first: int,
    last: int,
    grad: Array,
    of_sum: Array,
    rows: Array,
    weights: tuple[Array, ...],
    ends: tuple[Array, ...],
    count: Array,
    shift: float,
    made: tuple[Array, ...],
    to_weights: tuple[Array, ...],
    to_biases: tuple[Array, ...],
    to_sides: tuple[Array, ...],
    to_rows: Array,
) -> None:
    """The way back of `forward`.

    Parameters
    ----------
    grad : (n, m)
        Gradient of the output.
    of_sum : (N, m)
        That of the sums.
    to_weights, to_biases
        Written: the parts of their gradients that each block makes, (blocks, m, k), (blocks, m).
    to_sides : (N, m) and (N, m)
        Gradients of what both ends add, to which is added.
    to_rows : (n, k)
        Written: the gradient of the input; empty if it is not wanted.
    """
    between, most, widest = len(ends[0]) > 0, 0, 0
    for block in range(first, last):
        most = max(most, offsets[block + 1] - offsets[block])
    for one in made:
        widest = max(widest, one.shape[1])
    space = np.empty((2, most * widest), np.float32)
    for block in range(first, last):
        begin, end = offsets[block], offsets[block + 1]
        size, turn = end - begin, 0
        down = space[0, : size * grad.shape[1]].reshape(size, grad.shape[1])
        for e in range(begin, end):
            if between:
                _with_times(down[e - begin], grad[e], of_sum[ends[0][e]], count[e])
            else:
                down[e - begin] = grad[e]
        for layer in range(len(weights) - 1, -1, -1):
            _through_softplus(down, made[layer][begin:end], shift, to_biases[layer][block])
            if layer:
                over_rows(product, down, made[layer - 1][begin:end], to_weights[layer][block])
                turn, width = 1 - turn, weights[layer].shape[1]
                above = space[turn, : size * width].reshape(size, width)
                by_matrix(product, down, weights[layer], above)
                down = above
            else:
                over_rows(product, down, rows[begin:end], to_weights[layer][block])
        if between:
            for e in range(begin, end):
                add(to_sides[0][ends[0][e]], down[e - begin])
                add(to_sides[1][ends[1][e]], down[e - begin])
        if len(to_rows):
            by_matrix(product, down, weights[0], to_rows[begin:end])
