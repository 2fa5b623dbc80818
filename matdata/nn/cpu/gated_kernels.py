"""Normalised, gated messages of edges and their sums, forwards and backwards, for the CPU.

Written with tensors, each step of a gated convolution (gathering both ends, adding, normalising,
gate, core, product, sum) goes through memory, several times in the backward pass. Here an edge is
read once per pass, its steps are done in registers, and the backward pass computes them again.

Channels are independent of each other, so threads share them, in groups of `CHANNELS`, and not the
edges: each sum is taken in the same order whatever their number.

What one edge needs of a group lies in one scratch array, one part of `CHANNELS` numbers after
another. Their distances are constants, so that the compiler sees that no two parts overlap; of
arrays that are handed over it would have to ask at run time, and asks about few.

Interface: `njit` of numba through `matdata.core.jit`; tried with 0.68.
Without numba, or switched off, `nn.gated_sum` computes with tensors.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from matdata.core.jit import inlined, kernel, sums
from matdata.nn.cpu.elementary import ONE, exp_below, sigmoid, softplus_of
from matdata.nn.cpu.rows import BLOCK

if TYPE_CHECKING:
    from matdata.core.crystals import Array

#: Channels of a group.
CHANNELS = 32
#: Parts of the scratch array: gate and core of an edge, mean, 1 / deviation, weight and bias of
#: both, gradient of the sum, gradients of both, and four sums.
PARTS = 17
_G, _C = 0, CHANNELS
_MEAN_G, _SCALE_G, _WEIGHT_G, _BIAS_G = (n * CHANNELS for n in range(2, 6))
_MEAN_C, _SCALE_C, _WEIGHT_C, _BIAS_C = (n * CHANNELS for n in range(6, 10))
_GRAD, _DOWN_G, _DOWN_C = (n * CHANNELS for n in range(10, 13))
_SUM_G, _ALONG_G, _SUM_C, _ALONG_C = (n * CHANNELS for n in range(13, 17))


@sums
def _mix(row: Array, edge: Array, own: Array, other: Array, weight: float, part: Array) -> None:
    """``edge + own + other``; its `weight`-fold is added to the sum."""
    for k in range(len(row)):
        value = edge[k] + own[k] + other[k]
        row[k] = value
        part[k] += weight * value


@sums
def _spread(row: Array, weight: float, mean: Array, part: Array) -> None:
    """Add the weighted squared distance from the mean."""
    for k in range(len(row)):
        off = row[k] - mean[k]
        part[k] += weight * off * off


@inlined
def _take(total: Array, part: Array) -> None:
    """Move the sums of a block to those of all."""
    for k in range(len(part)):
        total[k] += part[k]
        part[k] = 0


@inlined
def _copy(to: Array, at: int, row: Array) -> None:
    for k in range(len(row)):
        to[at + k] = row[k]


@inlined
def _normalised(scratch: Array, k: int) -> tuple[float, float, float, float]:
    """Gate and core of a channel as numbers of deviations, then with weight and bias."""
    up_g = (scratch[_G + k] - scratch[_MEAN_G + k]) * scratch[_SCALE_G + k]
    up_c = (scratch[_C + k] - scratch[_MEAN_C + k]) * scratch[_SCALE_C + k]
    g = up_g * scratch[_WEIGHT_G + k] + scratch[_BIAS_G + k]
    c = up_c * scratch[_WEIGHT_C + k] + scratch[_BIAS_C + k]
    return up_g, up_c, g, c


@sums
def _messages(scratch: Array, count: float, softplus: bool) -> None:
    """``count sigmoid(g) core(c)`` into the place of the gradient, g and c normalised."""
    for k in range(CHANNELS):
        _, _, g, c = _normalised(scratch, k)
        core = softplus_of(c, exp_below(c)) if softplus else c * sigmoid(c)
        scratch[_GRAD + k] = count * sigmoid(g) * core


@sums
def _back(scratch: Array, count: float, softplus: bool) -> None:
    """Gradients of both normalised parts, and their sums and those along the parts."""
    for k in range(CHANNELS):
        up_g, up_c, g, c = _normalised(scratch, k)
        gate, slope = sigmoid(g), sigmoid(c)
        if softplus:
            core = softplus_of(c, exp_below(c))
        else:
            core = c * slope
            slope = slope * (ONE + c * (ONE - slope))
        step = count * scratch[_GRAD + k] * gate
        down_g, down_c = step * core * (ONE - gate), step * slope
        scratch[_DOWN_G + k] = down_g
        scratch[_DOWN_C + k] = down_c
        scratch[_SUM_G + k] += down_g
        scratch[_ALONG_G + k] += down_g * up_g
        scratch[_SUM_C + k] += down_c
        scratch[_ALONG_C + k] += down_c * up_c


@sums
def _centre(down: Array, row: Array, share: float, shared: Array) -> None:
    """From the gradient of a normalised part that of the part itself, in place.

    `shared` holds mean, 1 / deviation, weight, sum and sum along the part, one after another.
    """
    for k in range(len(down)):
        up = (row[k] - shared[k]) * shared[CHANNELS + k]
        both = shared[3 * CHANNELS + k] + up * shared[4 * CHANNELS + k]
        factor = shared[CHANNELS + k] * shared[2 * CHANNELS + k]
        down[k] = factor * (down[k] - share * both)


@sums
def _spread_out(down: Array, own: Array, other: Array) -> None:
    """Add a row to those of both ends."""
    for k in range(len(down)):
        own[k] += down[k]
        other[k] += down[k]


@kernel
def forward(
    edge: Array,
    both: Array,
    sender: Array,
    receiver: Array,
    share: Array,
    count: Array,
    norm: Array,
    eps: float,
    measured: bool,
    softplus: bool,
    first: int,
    last: int,
    mixed: Array,
    variance: Array,
    out: Array,
) -> None:
    """Fill `mixed` and `out` for the channels `first` to `last - 1`; see `nn.gated_sum`.

    `norm` holds mean, 1 / deviation, weight and bias, (4, 2 w). If they are `measured`, the first
    two are filled in and `variance` (2 w,) with them; `out` is 0 before.
    """
    width = out.shape[1]
    for half in range(2):
        lo, hi = half * width + first, half * width + last
        total, part = np.zeros(hi - lo), np.zeros(hi - lo, np.float32)
        for e in range(len(edge)):
            own, other = both[sender[e], lo:hi], both[receiver[e], 2 * width + lo : 2 * width + hi]
            _mix(mixed[e, lo:hi], edge[e, lo:hi], own, other, share[e], part)
            if e % BLOCK == BLOCK - 1:
                _take(total, part)
        if measured:
            _take(total, part)
            mean = norm[0, lo:hi]
            for k in range(hi - lo):
                mean[k] = total[k]
                total[k] = 0
            for e in range(len(edge)):
                _spread(mixed[e, lo:hi], share[e], mean, part)
                if e % BLOCK == BLOCK - 1:
                    _take(total, part)
            _take(total, part)
            for k in range(hi - lo):
                variance[lo + k] = total[k]
                norm[1, lo + k] = 1.0 / math.sqrt(total[k] + eps)
    scratch = np.zeros(PARTS * CHANNELS, np.float32)
    _load_norm(scratch, norm, width, first, last)
    for e in range(len(edge)):
        _copy(scratch, _G, mixed[e, first:last])
        _copy(scratch, _C, mixed[e, width + first : width + last])
        _messages(scratch, count[e], softplus)
        row = out[sender[e], first:last]
        for k in range(last - first):
            row[k] += scratch[_GRAD + k]


@inlined
def _load_norm(scratch: Array, norm: Array, width: int, first: int, last: int) -> None:
    for n in range(4):
        _copy(scratch, _MEAN_G + n * CHANNELS, norm[n, first:last])
        _copy(scratch, _MEAN_C + n * CHANNELS, norm[n, width + first : width + last])


@kernel
def backward(
    grad: Array,
    mixed: Array,
    sender: Array,
    receiver: Array,
    share: Array,
    count: Array,
    norm: Array,
    measured: bool,
    softplus: bool,
    first: int,
    last: int,
    to_mixed: Array,
    to_both: Array,
    to_norm: Array,
) -> None:
    """Fill in the gradients for the channels `first` to `last - 1`; see `nn.gated_sum`.

    `to_norm` (2, 2 w) becomes the gradients of weight and bias; `to_both` is 0 before.
    """
    width = grad.shape[1]
    scratch = np.zeros(PARTS * CHANNELS, np.float32)
    _load_norm(scratch, norm, width, first, last)
    total, part = np.zeros(4 * CHANNELS), scratch[_SUM_G:]
    for e in range(len(mixed)):
        _copy(scratch, _G, mixed[e, first:last])
        _copy(scratch, _C, mixed[e, width + first : width + last])
        _copy(scratch, _GRAD, grad[sender[e], first:last])
        _back(scratch, count[e], softplus)
        left, right = to_mixed[e, first:last], to_mixed[e, width + first : width + last]
        for k in range(last - first):
            left[k] = scratch[_DOWN_G + k]
        for k in range(last - first):
            right[k] = scratch[_DOWN_C + k]
        if e % BLOCK == BLOCK - 1:
            _take(total, part)
    _take(total, part)
    shared = np.zeros(5 * CHANNELS, np.float32)
    for half in range(2):
        lo, hi = half * width + first, half * width + last
        for k in range(hi - lo):
            to_norm[1, lo + k] = total[2 * half * CHANNELS + k]
            to_norm[0, lo + k] = total[(2 * half + 1) * CHANNELS + k]
            for n in range(3):
                shared[n * CHANNELS + k] = norm[n, lo + k]
            for n in range(2):
                shared[(3 + n) * CHANNELS + k] = to_norm[1 - n, lo + k] if measured else 0.0
        for e in range(len(mixed)):
            down = to_mixed[e, lo:hi]
            _centre(down, mixed[e, lo:hi], share[e], shared)
            own = to_both[sender[e], lo:hi]
            other = to_both[receiver[e], 2 * width + lo : 2 * width + hi]
            _spread_out(down, own, other)
