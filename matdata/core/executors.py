"""An ordered map over threads, processes or any executor: in bounded memory, safe to interrupt."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from matdata.core.errors import ConfigError, MatdataError
from matdata.core.retries import Executor as Executor
from matdata.core.retries import LossLog, results_in_order
from matdata.core.scheduler_names import WorkerKind
from matdata.core.worker_identity import OnWorker, worker_identity

if TYPE_CHECKING:
    from matdata.core.processes import ProcessPool

A = TypeVar("A")
B = TypeVar("B")


def default_workers() -> int:
    """Number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not offered by every system
        return os.cpu_count() or 1


@dataclass(frozen=True)
class Workers:
    """How many tasks run at once, and where.

    Attributes
    ----------
    count
        Threads or processes of this machine, or tasks that the executor runs at once.
    executor
        Where they run; None for threads or processes of matdata's own. Its results are the same.
    kind
        What workers of matdata's own are, whatever a stage would choose; None for its choice.
    losses
        Workers that were lost, and whose tasks were done again.

    Raises
    ------
    ConfigError
        If the executor has no `submit`, or is a class of executors.
    """

    count: int = 1
    executor: Executor | None = None
    kind: WorkerKind | None = None
    losses: LossLog = field(default_factory=LossLog, compare=False)

    def __post_init__(self) -> None:
        if self.executor is None:
            return
        is_class = isinstance(self.executor, type)
        if is_class or not callable(getattr(self.executor, "submit", None)):
            name = getattr(self.executor, "__name__", type(self.executor).__name__)
            why = "it is a class, not an open one" if is_class else "it has no `submit`"
            raise ConfigError(
                f"{name} is no executor: {why}",
                next_step="give an open executor of concurrent.futures, or one like it",
            )

    @property
    def window(self) -> int:
        """Most tasks in flight, so that memory is bounded for inputs of any length."""
        return 2 * self.count


#: One task after another, in this thread.
SEQUENTIAL = Workers()


def ordered_map(
    function: Callable[[A], B],
    tasks: Iterable[A],
    workers: Workers,
    kind: WorkerKind = "process",
) -> Iterator[B]:
    """Apply `function` to each task and yield the results in the tasks' order.

    With one worker and no executor everything happens in this thread. When the caller stops
    early, is interrupted, or a task fails, tasks that have not begun are cancelled. A task whose
    worker is lost is done again, a few times. A worker elsewhere that could give other bits
    refuses its task.

    Parameters
    ----------
    function
        What to do; it must be possible to pickle it, but for `kind` ``thread`` without an executor.
    tasks
        Its arguments, taken one by one.
    workers
        How many, and where.
    kind
        What workers of matdata's own are.

    Raises
    ------
    MatdataError
        If there is not enough memory, here or in a worker; if a task loses its worker again and
        again, or the executor is shut down or returns no futures. What `function` raises is raised
        as it is.
    """
    with enough_memory():
        if workers.executor is not None:
            there = OnWorker(function, worker_identity())
            where, window = workers.executor, workers.window
            yield from results_in_order(there, tasks, where, window, workers.losses)
        elif workers.count <= 1:
            yield from map(function, tasks)
        else:
            yield from _on_own_pool(function, tasks, workers, workers.kind or kind)


def _on_own_pool(
    function: Callable[[A], B], tasks: Iterable[A], workers: Workers, kind: WorkerKind
) -> Iterator[B]:
    pool = _opened(workers.count, kind)
    complete = False
    try:
        yield from results_in_order(function, tasks, pool, workers.window, workers.losses)
        complete = True
    finally:
        pool.shutdown(wait=kind == "thread" or complete, cancel_futures=True)


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


def _opened(workers: int, kind: WorkerKind) -> futures.ThreadPoolExecutor | ProcessPool:
    if kind == "thread":
        return futures.ThreadPoolExecutor(workers)
    from matdata.core.processes import ProcessPool  # only where there are some

    return ProcessPool(workers)
