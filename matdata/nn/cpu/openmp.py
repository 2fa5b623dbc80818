"""Compiled loops of the CPU in the threads of torch.

Torch's own operations run in the threads of OpenMP, which wait actively for the next one, for some
milliseconds. Other threads would have to share their cores with them. So the loops run in the
same threads, where the library of OpenMP that torch has loaded lets itself be called.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

#: Numbers below which a second thread costs more than it brings.
WORTH_A_THREAD = 1 << 18
#: Parts a thread, so that one that starts late or shares its core has fewer of them.
PARTS_A_THREAD = 4

Team = Callable[[Callable[[], None], int], None]
_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def how_many_parts(size: int) -> int:
    """Into how many parts to cut loops that touch so many numbers."""
    threads = min(torch.get_num_threads(), 1 + size // WORTH_A_THREAD)
    return 1 if threads == 1 else PARTS_A_THREAD * threads


def in_threads(work: Callable[[int, int, int], None], offsets: Any, parts: int) -> None:
    """Call ``work(part, first, last)`` for parts of the sets, in as many threads as torch has.

    Which thread does a part is open, what a part is is not: sums over parts are the same each time.

    Parameters
    ----------
    work
        Compiled loops that hold no interpreter lock, over sets from `first` to before `last`.
    offsets
        Where the entries of each set begin, (b + 1,); parts have about equally many.
    parts
        Of `how_many_parts`.
    """
    if parts == 1:
        work(0, 0, len(offsets) - 1)
        return
    cuts = np.searchsorted(offsets, offsets[-1] * np.arange(1, parts) / parts)
    edges = [0, *cuts.tolist(), len(offsets) - 1]
    waiting = deque(range(parts))
    failed: list[BaseException] = []

    def take() -> int | None:
        with contextlib.suppress(IndexError):
            return waiting.popleft()
        return None

    def drain() -> None:
        try:
            while (part := take()) is not None:
                work(part, edges[part], edges[part + 1])
        except BaseException as error:
            failed.append(error)

    team = _openmp() or _of_our_own
    team(drain, parts // PARTS_A_THREAD)
    drain()  # what is left, should no thread have come
    if failed:
        raise failed[0]


@functools.cache
def _openmp() -> Team | None:
    """Calls from the threads of OpenMP, through what GNU's compilers call for a parallel block."""
    try:
        parallel = ctypes.CDLL(None).GOMP_parallel
    except (AttributeError, OSError, TypeError):  # another library, or Windows
        return None
    parallel.argtypes = [_CALLBACK, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
    parallel.restype = None

    def team(call: Callable[[], None], threads: int) -> None:
        returned = set()

        def one(_: Any) -> None:
            call()
            returned.add(threading.get_ident())

        parallel(_CALLBACK(one), None, threads, 0)
        if threading.get_ident() not in returned:  # a Ctrl-C outside of `call`, which ctypes ate
            raise KeyboardInterrupt

    return team


def _of_our_own(call: Callable[[], None], threads: int) -> None:
    """Calls from threads of our own and this one."""
    helpers = []
    with contextlib.suppress(RuntimeError):  # the interpreter ends and starts no more threads
        helpers += [_pool().submit(call) for _ in range(1, threads)]
    call()
    for helper in helpers:
        if not helper.cancel():  # one that has not begun has nothing left to do
            helper.result()


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="matdata-nn")
