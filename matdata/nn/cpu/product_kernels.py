"""Matrix products within compiled loops, by the library's routine (`nn.cpu.blas`).

The routine knows matrices by columns, so a matrix by rows is to it the transposed one, and a
product is made of both factors in the other order. Sizes are handed over as 64-bit integers, whose
first half is the 32-bit one that most libraries read.

Interface: `intrinsic` of numba; tried with 0.68.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numba import types
from numba.extending import intrinsic

from matdata.core.jit import inner

if TYPE_CHECKING:
    from matdata.core.crystals import Array


@intrinsic  # type: ignore[untyped-decorator]
def _call(
    _: Any,
    routine: Any,
    transposed: Any,
    sizes: Any,
    first: Any,
    first_step: Any,
    second: Any,
    second_step: Any,
    out: Any,
) -> Any:
    """Call ``sgemm`` with whether factors are transposed (2), sizes (3), addresses and steps."""
    from llvmlite import ir

    address, single = ir.IntType(8).as_pointer(), ir.FloatType()

    def generate(_context: Any, builder: Any, signature: Any, given: Any) -> Any:
        def held(value: Any) -> Any:
            with builder.goto_entry_block():
                place = builder.alloca(value.type)
            builder.store(value, place)
            return builder.bitcast(place, address)

        def flag(value: Any) -> Any:
            letters = (ir.Constant(ir.IntType(8), ord(letter)) for letter in "TN")
            return held(builder.select(value, *letters))

        flags = [flag(builder.extract_value(given[1], number)) for number in range(2)]
        shape = [held(builder.extract_value(given[2], number)) for number in range(3)]
        one, none = (held(ir.Constant(single, number)) for number in (1.0, 0.0))
        factors = [builder.inttoptr(given[3], address), held(given[4])]
        factors += [builder.inttoptr(given[5], address), held(given[6])]
        written = [none, builder.inttoptr(given[7], address), shape[0]]
        kind = ir.FunctionType(ir.VoidType(), [address] * 13).as_pointer()
        builder.call(builder.inttoptr(given[0], kind), [*flags, *shape, one, *factors, *written])
        return ir.Constant(ir.IntType(64), 0)

    flags, shape = types.UniTuple(types.boolean, 2), types.UniTuple(types.int64, 3)
    return types.int64(types.int64, flags, shape, *[types.int64] * 5), generate


@inner
def by_transposed(routine: int, left: Array, right: Array, out: Array) -> None:
    """``out = left right^T`` of (n, k) and (m, k), all float32 without gaps."""
    (n, k), m = left.shape, len(right)
    a, b, c = left.ctypes.data, right.ctypes.data, out.ctypes.data
    _call(routine, (True, False), (m, n, k), b, k, a, k, c)


@inner
def by_matrix(routine: int, left: Array, right: Array, out: Array) -> None:
    """``out = left right`` of (n, k) and (k, m)."""
    (n, k), m = left.shape, right.shape[1]
    a, b, c = left.ctypes.data, right.ctypes.data, out.ctypes.data
    _call(routine, (False, False), (m, n, k), b, m, a, k, c)


@inner
def over_rows(routine: int, left: Array, right: Array, out: Array) -> None:
    """``out = left^T right`` of (n, m) and (n, k)."""
    (n, m), k = left.shape, right.shape[1]
    a, b, c = left.ctypes.data, right.ctypes.data, out.ctypes.data
    _call(routine, (False, True), (k, m, n), b, k, a, m, c)
