"""Exponentials and what is made of them, for compiled loops in float32.

``exp`` of numbers below 0 is 2^n times a polynomial of degree 7 on ±ln(2)/2, ``log(1 + e)`` the
series of 2 artanh(e / (2 + e)); both are right to two units in the last place of float32, and,
other than the C library's, are computed for several numbers by one instruction.

Interface: `intrinsic` of numba; tried with 0.68.
"""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
from numba import types
from numba.extending import intrinsic

from matdata.core.jit import fused


def single(number: float) -> float:
    """A number in float32, of which compiled loops make float32 ones."""
    return cast("float", np.float32(number))


ZERO, ONE = single(0.0), single(1.0)
_HALF, _TWO = single(0.5), single(2.0)
_LEAST = single(-87.0)  # exp of less is no normal float32
_LOG2_E, _LN2_HIGH, _LN2_LOW = single(1.44269504), single(0.693359375), single(-2.12194440e-4)
_E3, _E4, _E5, _E6, _E7 = (single(1.0 / math.factorial(n)) for n in range(3, 8))
_A3, _A5, _A7, _A9 = (single(2.0 / n) for n in (3, 5, 7, 9))
_A11, _A13, _A15 = (single(2.0 / n) for n in (11, 13, 15))


@intrinsic  # type: ignore[untyped-decorator]
def _power_of_two(_: Any, exponent: Any) -> Any:
    """2 to a whole float32 between -126 and 127: the bits of its exponent."""
    from llvmlite import ir

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        word = ir.IntType(32)
        whole = builder.fptosi(arguments[0], word)
        biased = builder.add(whole, ir.Constant(word, 127))
        return builder.bitcast(builder.shl(biased, ir.Constant(word, 23)), ir.FloatType())

    return types.float32(types.float32), generate


@fused
def exp_below(x: float) -> float:
    """``exp(-|x|)``."""
    y = -abs(x)
    y = _LEAST if y < _LEAST else y  # NaN stays
    n: float = np.floor(y * _LOG2_E + _HALF)
    r = y - n * _LN2_HIGH - n * _LN2_LOW
    high = _E3 + r * (_E4 + r * (_E5 + r * (_E6 + r * _E7)))
    power: float = _power_of_two(n)
    return (ONE + r * (ONE + r * (_HALF + r * high))) * power


@fused
def log_one_plus(e: float) -> float:
    """``log(1 + e)`` of 0 <= e <= 1."""
    s = e / (_TWO + e)
    q = s * s
    high = _A9 + q * (_A11 + q * (_A13 + q * _A15))
    return s * (_TWO + q * (_A3 + q * (_A5 + q * (_A7 + q * high))))


@fused
def sigmoid(x: float) -> float:
    """``1 / (1 + exp(-x))``."""
    e = exp_below(x)
    return (ONE if x >= 0 else e) / (ONE + e)


@fused
def softplus_of(x: float, e: float) -> float:
    """``log(1 + exp(x))``, given ``e = exp(-|x|)``."""
    return (x if x > 0 else ZERO) + log_one_plus(e)
