"""Softplus of many numbers and its gradient.

Torch calls a logarithm and an exponential of a library for each vector of numbers; here both are
polynomials in registers (`elementary`), and a shift costs no pass of its own.

Interface: `njit` of numba through `matdata.core.jit`; tried with 0.68. Without numba, or switched
off, `nn.activations` computes with tensors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdata.core.jit import kernel
from matdata.nn.cpu.elementary import exp_below, sigmoid, softplus_of

if TYPE_CHECKING:
    from matdata.core.crystals import Array


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
