"""How freed memory is kept, so that training steps do not wait for pages of the system.

Interface: `mallopt` of the GNU C library (malloc.h, documented), called through ctypes; tried with
glibc 2.36. Where there is none (macOS, Windows, musl) nothing changes.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable

#: Parameters of `mallopt` (malloc.h of the GNU C library).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
#: The largest size of an array that the library agrees to keep on its heap.
LARGEST = 32 << 20
#: Free memory at the end of the heap that goes back to the system: practically never.
KEPT = (1 << 31) - 1


Mallopt = Callable[[int, int], int]


def find_mallopt(library: ctypes.CDLL | None = None) -> Mallopt | None:
    """`mallopt` of a C library, by default that of the process; None if it has none."""
    try:
        mallopt: Mallopt = (ctypes.CDLL(None) if library is None else library).mallopt
    except (AttributeError, OSError, TypeError):
        return None
    return mallopt


@functools.cache
def keep_freed_memory() -> bool:
    """Have the C library reuse the memory of freed tensors; once per process.

    It cannot be taken back: the library, once it has been given thresholds, no longer moves them by
    itself. So only a training on a CPU whose switch is on calls it
    (`matdata.training.process_state`).

    Every step of a training frees and allocates the same arrays of some megabytes. By default
    their pages go back to the system and are cleared anew. `benchmarks/epoch_vs_aviary.py` shows
    what that costs. The memory of the process stays at its peak afterwards.

    Returns
    -------
    bool
        Whether the library has such settings: that of GNU has, those of macOS, Windows and musl
        do not, and nothing changes there.
    """
    mallopt = find_mallopt()
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_THRESHOLD, LARGEST) and mallopt(_TRIM_THRESHOLD, KEPT))
