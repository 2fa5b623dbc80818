"""Loops over one row that several kernels share; they are inlined where they are called.

Interface: `njit` of numba through `matdata.core.jit`; tried with 0.68.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdata.core.jit import sums

if TYPE_CHECKING:
    from matdata.core.crystals import Array

#: Rows whose sum is taken in float32 before it is added in float64.
BLOCK = 64


@sums
def add(to: Array, row: Array) -> None:
    """``to += row``."""
    for k in range(len(to)):
        to[k] += row[k]


@sums
def add_times(to: Array, factor: float, row: Array) -> None:
    """``to += factor row``."""
    for k in range(len(to)):
        to[k] += factor * row[k]
