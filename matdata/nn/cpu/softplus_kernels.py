"""Softplus of many numbers and its gradient, and what layers with one do to blocks of rows.

Torch calls a logarithm and an exponential of a library for each vector of numbers; here both are
polynomials in registers (`elementary`), and a shift costs no pass of its own.

The loops of layers know a row by what came out of it, h: the slope at the number that went in is
``1 - exp(-(h + shift))``, so that number need not be kept. It is right to 1.2e-7, a unit in the
last place of h near its least value.

Interface: `njit` of numba through `matdata.core.jit`; tried with 0.68. Without numba, or switched
off, `nn.activations` and `nn.softplus_layers` compute with tensors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matdata.core.jit import kernel, sums
from matdata.nn.cpu.elementary import ONE, exp_below, sigmoid, softplus_of
from matdata.nn.cpu.rows import add, add_times

if TYPE_CHECKING:
    from matdata.core.crystals import Array

#: Rows whose sum is taken in float32 before it is added in float64.
BLOCK = 64


@kernel
def forward(x: Array, shift: float, out: Array) -> None:
    """``out = log(1 + exp(x)) - shift``, all (n,) float32."""
    for k in range(len(x)):
        out[k] = softplus_of(x[k], exp_below(x[k])) - shift


@kernel
def backward(x: Array, grad: Array, out: Array) -> None:
    """``out = grad / (1 + exp(-x))``, all (n,) float32."""
    for k in range(len(x)):
        out[k] = grad[k] * sigmoid(x[k])


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


@kernel
def activate(rows: Array, bias: Array, shift: float) -> None:
    """``rows = log(1 + exp(rows + bias)) - shift``, in place."""
    for i in range(len(rows)):
        _activate(rows[i], bias, shift)


@kernel
def activate_edges(
    edges: Array,
    of_sender: Array,
    of_receiver: Array,
    sender: Array,
    receiver: Array,
    shift: float,
) -> None:
    """As `activate`, with rows of both ends of each edge in place of a bias."""
    for e in range(len(edges)):
        _activate_edge(edges[e], of_sender[sender[e]], of_receiver[receiver[e]], shift)


@kernel
def descend(down: Array, out: Array, shift: float, to_bias: Array) -> None:
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
def add_counted(edges: Array, sender: Array, count: Array, to: Array) -> None:
    """Add each edge, as often as it counts, to the row of its sender."""
    for e in range(len(edges)):
        add_times(to[sender[e]], count[e], edges[e])


@kernel
def back_counted(grad: Array, of_sum: Array, sender: Array, count: Array, down: Array) -> None:
    """From the gradients of edges and of what `add_counted` sums to that of the edges."""
    for e in range(len(grad)):
        _with_times(down[e], grad[e], of_sum[sender[e]], count[e])


@kernel
def spread_out(
    down: Array, sender: Array, receiver: Array, to_sender: Array, to_receiver: Array
) -> None:
    """Add each row to those of both ends."""
    for e in range(len(down)):
        add(to_sender[sender[e]], down[e])
        add(to_receiver[receiver[e]], down[e])
