"""The one decorator of all compiled kernels; importing it imports numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a function to machine code that runs without the interpreter lock.

    The code is cached beside the source file. Division follows IEEE 754 (no exceptions), so
    kernels guard their denominators themselves.
    """
    compiled: F = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return compiled


def reduction(function: F) -> F:
    """Like `kernel`, for loops whose sums or maxima may be taken in any order (vectorised).

    NaN must not occur in their input.
    """
    flags = {"nnan", "nsz", "reassoc"}
    options = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": flags}
    compiled: F = numba.njit(**options)(function)
    return compiled


def inlined(function: F) -> F:
    """Like `kernel`, put in place of its calls: for the innermost steps, where calling costs."""
    options = {"cache": True, "nogil": True, "error_model": "numpy", "forceinline": True}
    compiled: F = numba.njit(**options)(function)
    return compiled
