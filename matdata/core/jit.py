"""Decorators of all compiled kernels; importing them imports numba.

Compiled code is cached on disk. Division follows IEEE 754 (no exceptions), so kernels guard their
denominators themselves. No C wrappers are made, and Python wrappers only for entry points: they
would take half the time of the first call.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

try:
    import numba
except ImportError as error:
    from matdata.core.packages import missing_package

    missing = missing_package(error, "compiled features")
    if missing is None:
        raise
    raise missing from error

from matdata.core.kernel_cache import drop_stale_code

drop_stale_code(Path(__file__).parents[1])

F = TypeVar("F", bound=Callable[..., Any])
_COMMON = {"cache": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


def kernel(function: F) -> F:
    """Compile a function that Python calls; it runs without the global interpreter lock."""
    compiled: F = numba.njit(**_COMMON)(function)
    return compiled


def inner(function: F) -> F:
    """Like `kernel`, for functions that only kernels call."""
    compiled: F = numba.njit(**_COMMON, no_cpython_wrapper=True)(function)
    return compiled


def reduction(function: F) -> F:
    """Like `inner`, for loops whose sums or maxima may be taken in any order (vectorised).

    NaN must not occur in their input.
    """
    flags = {"nnan", "nsz", "reassoc"}
    compiled: F = numba.njit(**_COMMON, no_cpython_wrapper=True, fastmath=flags)(function)
    return compiled


def sums(function: F) -> F:
    """Like `reduction`, with fused multiply-add; NaN is propagated."""
    flags = {"nsz", "reassoc", "contract"}
    compiled: F = numba.njit(**_COMMON, no_cpython_wrapper=True, forceinline=True, fastmath=flags)(
        function
    )
    return compiled


def inlined(function: F) -> F:
    """Like `inner`, and inlined at its calls: for the innermost steps, where a call costs time."""
    compiled: F = numba.njit(**_COMMON, no_cpython_wrapper=True, forceinline=True)(function)
    return compiled


def fused(function: F) -> F:
    """Like `inlined`, with fused multiply-add: for polynomials, in the order that is written."""
    compiled: F = numba.njit(
        **_COMMON, no_cpython_wrapper=True, forceinline=True, fastmath={"contract"}
    )(function)
    return compiled
