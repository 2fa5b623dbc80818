"""Compiled loops of the CPU in the threads of torch.

Torch's own operations run in the threads of OpenMP, which wait actively for the next one, for some
milliseconds. Other threads would have to share their cores with them. So the loops run in the
same threads, where the library of OpenMP that torch has loaded lets itself be called.

Interface: `GOMP_parallel`, which GNU's compilers call for a parallel block (part of the ABI of
libgomp; the libraries of LLVM and Intel have it as well), through ctypes; tried with the libraries
that torch 2.15 brings. Where there is none, threads of our own run the loops.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import numpy as np
import torch

from matdata.core.crystals import Array

#: Numbers below which a second thread costs more than it brings.
WORTH_A_THREAD = 1 << 18
#: Parts per thread, so that one that starts late or shares its core has fewer of them.
PARTS_PER_THREAD = 4

Team = Callable[[Callable[[], None], int], None]
_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def how_many_parts(size: int) -> int:
    """Number of parts into which to cut loops that touch so many values."""
    threads = min(torch.get_num_threads(), 1 + size // WORTH_A_THREAD)
    return 1 if threads == 1 else PARTS_PER_THREAD * threads


def in_threads(
    work: Callable[[int, int, int], None], offsets: Array, parts: int, team: Team | None = None
) -> None:
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
    team
        ``(call, threads)`` that calls from so many threads; `openmp_team`, else `own_team`, if not
        given.

    Raises
    ------
    BaseException
        The first that `work` raised, once all threads are done.
    """
    if parts == 1:
        work(0, 0, len(offsets) - 1)
        return
    share(work, _cut_evenly(offsets, parts), parts // PARTS_PER_THREAD, team)


def share(
    work: Callable[[int, int, int], None],
    bounds: Sequence[int],
    threads: int,
    team: Team | None = None,
) -> None:
    """Call ``work(part, first, last)`` for parts with the given bounds, as `in_threads` does.

    Parameters
    ----------
    bounds
        First set of each part, and the end of all.
    threads
        How many share the parts.

    Raises
    ------
    BaseException
        As `in_threads`.
    """
    waiting = deque(range(len(bounds) - 1))
    failed: list[BaseException] = []

    def take() -> int | None:
        with contextlib.suppress(IndexError):
            return waiting.popleft()
        return None

    def drain() -> None:
        try:
            while (part := take()) is not None:
                work(part, bounds[part], bounds[part + 1])
        except BaseException as error:
            failed.append(error)

    team = team or openmp_team() or own_team
    team(drain, threads)
    drain()  # what is left, should no thread have come
    if failed:
        raise failed[0]


def _cut_evenly(offsets: Array, parts: int) -> list[int]:
    """First set of each part, and the end of all, (parts + 1,)."""
    cuts = np.searchsorted(offsets, offsets[-1] * np.arange(1, parts) / parts)
    return [0, *cuts.tolist(), len(offsets) - 1]


@functools.cache
def openmp_team(library: ctypes.CDLL | None = None) -> Team | None:
    """Calls from the threads of OpenMP; None where they cannot be had.

    Parameters
    ----------
    library
        A library opened by ctypes; what the process has loaded if not given.

    Raises
    ------
    KeyboardInterrupt
        Of the calls: if a thread was interrupted before it began.
    """
    try:
        parallel = (ctypes.CDLL(None) if library is None else library).GOMP_parallel
    except (AttributeError, OSError, TypeError):  # another library, or Windows
        return None
    parallel.argtypes = [_CALLBACK, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
    parallel.restype = None

    def team(call: Callable[[], None], threads: int) -> None:
        """Call from so many threads.

        Raises
        ------
        KeyboardInterrupt
            If this one was interrupted before its call began.
        """
        returned = set()

        def one(_: object) -> None:
            call()
            returned.add(threading.get_ident())

        parallel(_CALLBACK(one), None, threads, 0)
        if threading.get_ident() not in returned:  # a Ctrl-C outside of `call`, which ctypes ate
            raise KeyboardInterrupt

    return team


def own_team(call: Callable[[], None], threads: int, pool: Executor | None = None) -> None:
    """Calls from the threads of a pool, by default one of our own, and from this one."""
    helpers: list[Future[None]] = []
    with contextlib.suppress(RuntimeError):  # the interpreter ends and starts no more threads
        for _ in range(1, threads):
            helpers.append((pool or _pool()).submit(call))
    call()
    for helper in helpers:
        if not helper.cancel():  # one that has not begun has nothing left to do
            helper.result()


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="matdata-nn")
