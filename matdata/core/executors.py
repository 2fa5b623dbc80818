"""An ordered map over worker threads or processes, in bounded memory, safe to interrupt."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Literal, TypeVar

from matdata.core.errors import MatdataError
from matdata.core.offers import forgive_broken_metadata
from matdata.core.streams import screen_process

A = TypeVar("A")
B = TypeVar("B")


def default_workers() -> int:
    """Number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not offered by every system
        return os.cpu_count() or 1


def ordered_map(
    function: Callable[[A], B],
    items: Iterable[A],
    workers: int,
    kind: Literal["thread", "process"] = "process",
) -> Iterator[B]:
    """Apply `function` to each item and yield the results in the items' order.

    At most two items per worker are in flight, so memory is bounded for inputs of any length.
    With one worker everything happens in this thread.

    Raises
    ------
    MatdataError
        If there is not enough memory, here or in a worker.
    """
    with enough_memory():
        if workers <= 1:
            yield from map(function, items)
        else:
            yield from _shared(function, items, workers, kind)


@contextlib.contextmanager
def enough_memory() -> Iterator[None]:
    """Convert a `MemoryError`, here or in a worker, into one clear error.

    Raises
    ------
    MatdataError
        If there is not enough memory.
    """
    try:
        yield
    except MemoryError as error:
        raise MatdataError(
            "there is not enough memory",
            cause="too many workers for this memory, or a very large record in the input",
            next_step="run the same command with fewer --workers; it continues from the last "
            "finished piece",
        ) from error


def _shared(
    function: Callable[[A], B], items: Iterable[A], workers: int, kind: Literal["thread", "process"]
) -> Iterator[B]:
    pool = _pool(workers, kind)
    pending: deque[Future[B]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) >= 2 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool as error:
        raise MatdataError(
            "a worker process exited without an error message",
            cause="the system killed it, most often for lack of memory",
            next_step="run the same command with fewer --workers; it continues from the last "
            "finished piece",
        ) from error
    finally:
        pool.shutdown(wait=kind == "thread" or not pending, cancel_futures=True)


def _pool(workers: int, kind: Literal["thread", "process"]) -> Executor:
    if kind == "thread":
        return ThreadPoolExecutor(workers)
    # Spawned, not forked: numerical libraries hold locks and threads that do not survive a fork.
    # The parent's number comes from the parent: it may be killed before its worker has begun.
    return ProcessPoolExecutor(
        workers, _Context(), initializer=_start_worker, initargs=(os.getpid(),)
    )


class _Worker(SpawnProcess):
    """A process that does not run the user's script again: workers need nothing from it."""

    def start(self) -> None:
        with _main_hidden():
            super().start()


class _Context(SpawnContext):
    Process = _Worker


@contextlib.contextmanager
def _main_hidden() -> Iterator[None]:
    main = sys.modules["__main__"]
    hidden = {name: getattr(main, name, None) for name in ("__file__", "__spec__")}
    try:
        main.__spec__ = None
        if hidden["__file__"] is not None:
            del main.__file__
        yield
    finally:
        main.__spec__ = hidden["__spec__"]
        if hidden["__file__"] is not None:
            main.__file__ = hidden["__file__"]


def _start_worker(parent: int) -> None:
    # Ctrl-C belongs to the parent, which lets finished work be saved.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    screen_process()
    forgive_broken_metadata()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    threading.Thread(target=_die_with_parent, args=(parent,), daemon=True).start()


def _die_with_parent(parent: int) -> None:
    # A parent killed with SIGKILL cannot stop its workers; they would wait for work forever.
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
