"""The library's routine for matrix products, for compiled loops to call.

Torch's operators need the interpreter, for which threads wait on one another; the routine that they
call in the end needs none.

Interface: ``sgemm_`` of BLAS (J. J. Dongarra et al., ACM Trans. Math. Softw. 16, 1, 1990) from the
library of torch's operators, tried with torch 2.15; else that of SciPy, through numba's
`get_cython_function_address`. It computes a small product first: a routine that is gone, or that
returns something else, is not called again.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

#: The library in which torch's operators for the CPU are.
_FILE = {"win32": "torch_cpu.dll", "darwin": "libtorch_cpu.dylib"}.get(
    sys.platform, "libtorch_cpu.so"
)


@functools.cache
def sgemm() -> int:
    """Address of the routine for float32; 0 where there is none that can be called."""
    return next((address for address in _addresses() if is_product(address)), 0)


def _addresses() -> Iterator[int]:
    try:
        library = ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / _FILE))
        yield ctypes.cast(library.sgemm_, ctypes.c_void_p).value or 0
    except (AttributeError, OSError):  # torch was built otherwise
        pass
    try:
        from numba.extending import get_cython_function_address

        yield get_cython_function_address("scipy.linalg.cython_blas", "sgemm")
    except (ImportError, ValueError):
        pass


def is_product(address: int) -> bool:
    """Whether the routine at an address makes the product that it should."""
    left = np.arange(6, dtype=np.float32).reshape(2, 3)
    right = np.arange(12, dtype=np.float32).reshape(3, 4)
    out = np.zeros((2, 4), np.float32)
    call: Callable[..., None] = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 13)(address)
    # matrices are by columns to it, so it computes the transposed product: right^T left^T
    held: list[Any] = [
        ctypes.c_char(b"N"),
        *map(ctypes.c_float, (1.0, 0.0)),
        *map(ctypes.c_int64, (2, 3, 4)),
    ]
    as_they_are, one, none, two, three, four = map(ctypes.addressof, held)
    factors = right.ctypes.data, four, left.ctypes.data, three
    call(as_they_are, as_they_are, four, two, three, one, *factors, none, out.ctypes.data, four)
    return bool(np.array_equal(out, left @ right))
