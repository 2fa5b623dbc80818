"""The compiled copy of ragged rows; importing this imports numba."""

from __future__ import annotations

from typing import Any

import numpy as np

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
        # unsigned indices cannot count from the end, so that the loop becomes one block copy
        first, place = np.uint64(starts[k] * item), np.uint64(ends[k] * item)
        for byte in range(np.uint64((ends[k + 1] - ends[k]) * item)):
            target[place + byte] = source[first + byte]
