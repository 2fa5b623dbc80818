"""Worker processes of matdata's own: they die with their parent and do not run its script again."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import TypeVar

from matdata.core.offers import forgive_broken_metadata
from matdata.core.stopping import leave_to_parent
from matdata.core.streams import screen_process

A = TypeVar("A")
B = TypeVar("B")


class ProcessPool:
    """Worker processes, opened anew when one of them was lost; whoever opens it shuts it down."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = _open(workers)

    def submit(self, function: Callable[[A], B], task: A, /) -> Future[B]:
        """Begin ``function(task)`` in one of the processes."""
        try:
            return self._pool.submit(function, task)
        except BrokenExecutor:  # a lost process breaks the pool for all of them
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = _open(self._workers)
            return self._pool.submit(function, task)

    def shutdown(self, wait: bool, cancel_futures: bool) -> None:
        """End the processes, as `concurrent.futures.Executor.shutdown` does."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


def _open(workers: int) -> ProcessPoolExecutor:
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
    leave_to_parent()
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
