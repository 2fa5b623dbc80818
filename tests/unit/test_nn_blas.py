"""Products within compiled loops are those of NumPy, by whichever library makes them."""

from __future__ import annotations

import ctypes
import sys

import numpy as np
import pytest

pytest.importorskip("numba")

from matdata.core.jit import kernel
from matdata.nn.cpu import blas, product_kernels

ROUTINE = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 13)
ADDRESSES = list(blas._addresses())


@kernel
def products(routine, left, right, first, last, by_transposed, by_matrix, over_rows):
    product_kernels.by_transposed(routine, left[first:last], right, by_transposed)
    product_kernels.by_matrix(routine, by_transposed, right, by_matrix)
    product_kernels.over_rows(routine, by_transposed, by_matrix, over_rows)


@pytest.mark.parametrize("sizes", [(9, 5, 7), (1, 1, 1), (300, 64, 32), (40, 3, 1)])
def test_products_are_those_of_numpy(sizes):
    n, k, m = sizes
    rng = np.random.default_rng(0)
    left, right = (rng.normal(size=(rows, k)).astype(np.float32) for rows in (n + 5, m))
    one = left[3 : 3 + n].astype(float) @ right.T
    two = one @ right
    for address in ADDRESSES:
        out = [np.full(shape, np.nan, np.float32) for shape in ((n, m), (n, k), (m, k))]
        products(address, left, right, 3, 3 + n, *out)
        for found, expected in zip(out, (one, two, one.T @ two), strict=True):
            assert np.linalg.norm(found - expected) <= 1e-6 * np.linalg.norm(expected)


def test_a_routine_of_torch_comes_first():
    assert ADDRESSES
    assert blas.sgemm() == ADDRESSES[0]


def test_a_routine_that_computes_something_else_is_not_used(monkeypatch):
    nothing = ROUTINE(lambda *_: None)
    address = ctypes.cast(nothing, ctypes.c_void_p).value
    assert not blas.is_product(address)
    monkeypatch.setattr(blas, "_addresses", lambda: iter([address]))
    assert blas.sgemm.__wrapped__() == 0
    monkeypatch.setattr(blas, "_addresses", lambda: iter([address, *ADDRESSES]))
    assert blas.sgemm.__wrapped__() == ADDRESSES[0]


def test_without_any_library_there_is_no_routine(monkeypatch):
    monkeypatch.setattr(blas, "_FILE", "none.so")
    monkeypatch.setitem(sys.modules, "numba.extending", None)
    assert list(blas._addresses()) == []
