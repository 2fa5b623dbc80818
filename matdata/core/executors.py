"""An ordered map over threads, processes or any executor: in bounded memory, safe to interrupt."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from concurrent.futures import BrokenExecutor, CancelledError, Future
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from matdata.core.errors import ConfigError, MatdataError

A = TypeVar("A")
B = TypeVar("B")


def default_workers() -> int:
    """Number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not offered by every system
        return os.cpu_count() or 1


class Executor(Protocol):
    """Where tasks run: any `concurrent.futures.Executor`, or whatever else has its `submit`.

    Whoever opened it closes it. Functions and tasks can be pickled, since it may be of processes
    or machines, and matdata submits no more of them than `Workers.window`.
    """

    def submit(self, function: Callable[[A], B], task: A, /) -> Future[B]:
        """Begin ``function(task)``, now or later; the future holds its result or its exception."""
        ...


@dataclass(frozen=True)
class Workers:
    """How many tasks run at once, and where.

    Attributes
    ----------
    count
        Threads or processes of this machine, or tasks that the executor runs at once.
    executor
        Where they run; None for threads or processes of matdata's own. Its results are the same.

    Raises
    ------
    ConfigError
        If the executor has no `submit`, or is a class of executors.
    """

    count: int = 1
    executor: Executor | None = None

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
    kind: Literal["thread", "process"] = "process",
) -> Iterator[B]:
    """Apply `function` to each task and yield the results in the tasks' order.

    With one worker and no executor everything happens in this thread. When the caller stops
    early, is interrupted, or a task fails, tasks that have not begun are cancelled.

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
        If there is not enough memory, here or in a worker; if a worker died, or the executor is
        shut down, drops a task or returns no futures. What `function` raises is raised as it is.
    """
    with enough_memory():
        if workers.executor is not None:
            yield from _in_order(function, tasks, workers.executor, workers.window)
        elif workers.count <= 1:
            yield from map(function, tasks)
        else:
            yield from _on_own_pool(function, tasks, workers, kind)


def _on_own_pool(
    function: Callable[[A], B],
    tasks: Iterable[A],
    workers: Workers,
    kind: Literal["thread", "process"],
) -> Iterator[B]:
    pool = _opened(workers.count, kind)
    complete = False
    try:
        yield from _in_order(function, tasks, pool, workers.window)
        complete = True
    finally:
        pool.shutdown(wait=kind == "thread" or complete, cancel_futures=True)


def _in_order(
    function: Callable[[A], B], tasks: Iterable[A], executor: Executor, window: int
) -> Iterator[B]:
    pending: deque[Future[B]] = deque()
    try:
        for task in tasks:
            pending.append(_submit(executor, function, task))
            if len(pending) >= window:
                yield _result(pending.popleft())
        while pending:
            yield _result(pending.popleft())
    finally:
        for future in pending:
            future.cancel()


def _submit(executor: Executor, function: Callable[[A], B], task: A) -> Future[B]:
    try:
        future = executor.submit(function, task)
    except BrokenExecutor as error:
        raise _worker_died() from error
    except RuntimeError as error:  # what `concurrent.futures` raises after a shutdown
        raise MatdataError(
            f"the executor takes no task: {error}",
            cause="it was shut down before the work was done",
            next_step="close it after matdata has returned",
        ) from error
    if not callable(getattr(future, "result", None)):
        raise ConfigError(
            f"{type(executor).__name__} is no executor: its `submit` returned "
            f"{type(future).__name__}, which has no `result`",
            next_step="give an executor whose `submit` returns futures, as those of "
            "concurrent.futures do",
        )
    return future


def _result(future: Future[B]) -> B:
    try:
        return future.result()
    except BrokenExecutor as error:
        raise _worker_died() from error
    except CancelledError as error:
        raise MatdataError(
            "the executor dropped a task before it was done",
            cause="it was shut down, or lost its workers",
            next_step="close it after matdata has returned; what is finished is kept",
        ) from error


def _worker_died() -> MatdataError:
    return MatdataError(
        "a worker process exited without an error message",
        cause="the system killed it, most often for lack of memory",
        next_step="run the same command with fewer --workers; it continues from the last "
        "finished piece",
    )


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


def _opened(workers: int, kind: Literal["thread", "process"]) -> futures.Executor:
    if kind == "thread":
        return futures.ThreadPoolExecutor(workers)
    from matdata.core.processes import open_processes  # only where there are some

    return open_processes(workers)
