"""Worker processes of matdata's own: they die with their parent and do not run its script again."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import SpawnContext, SpawnProcess

from matdata.core.offers import forgive_broken_metadata
from matdata.core.stopping import leave_to_parent
from matdata.core.streams import screen_process


def open_processes(workers: int) -> ProcessPoolExecutor:
    """Open worker processes; whoever opens them shuts them down."""
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
