"""How freed memory is kept, so that training steps do not wait for pages of the system."""

from __future__ import annotations

import ctypes
import functools

#: Parameters of `mallopt` (malloc.h of the GNU C library).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
#: The largest size of an array that the library agrees to keep on its heap.
LARGEST = 32 << 20
#: Free memory at the end of the heap that goes back to the system: practically never.
KEPT = (1 << 31) - 1


@functools.cache
def keep_freed_memory() -> bool:
    """Have the C library reuse the memory of freed tensors; once a process.

    Every step of a training frees and allocates the same arrays of some megabytes. By default
    their pages go back to the system and are cleared anew. `benchmarks/epoch_vs_aviary.py` shows
    what that costs. The memory of the process stays at its peak afterwards.

    Returns
    -------
    bool
        Whether the library has such settings: that of GNU has, those of macOS, Windows and musl
        do not, and nothing changes there.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    set_both = mallopt(_MMAP_THRESHOLD, LARGEST) and mallopt(_TRIM_THRESHOLD, KEPT)
    return bool(set_both)
