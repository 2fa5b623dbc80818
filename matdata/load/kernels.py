"""The compiled copy of ragged rows; importing this imports numba."""

from __future__ import annotations

from typing import Any

from matdata.jit import kernel


@kernel
def copy_stretches(source: Any, starts: Any, ends: Any, item: Any, target: Any) -> None:
    """Copy stretches of `item` bytes an entry one after another.

    Parameters
    ----------
    source, target : uint8
        Bytes.
    starts : (b,) int64
        First entry of each stretch in `source`.
    ends : (b + 1,) int64
        First entry of each stretch in `target`.
    item
        Bytes of an entry.
    """
    for k in range(len(starts)):
        begin = ends[k] * item
        shift = starts[k] * item - begin
        for place in range(begin, ends[k + 1] * item):
            target[place] = source[place + shift]
