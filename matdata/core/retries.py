"""Tasks on an executor in order, and again where a worker was lost.

A lost worker is an outcome of a task like others: it is submitted again, a few times. What a task
raises itself is raised as it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError, MatdataError

A = TypeVar("A")
B = TypeVar("B")

#: How often one task is submitted again after its worker was lost.
RETRIES = 3
#: Workers that one task may lose in all. Dask gives a task to several of them (by default 4) before
#: it reports a single loss, so that `RETRIES` alone would let one task kill 16.
MOST_LOST = 8
#: Names of the exceptions of dask, an optional package, where a worker was lost.
LOST_IN_DASK = frozenset(("KilledWorker", "CommClosedError"))


LOST = "lost_workers"  # key of receipts: tasks that were done again, and why


class Executor(Protocol):
    """Where tasks run: any `concurrent.futures.Executor`, or whatever else has its `submit`.

    Whoever opened it closes it. Functions and tasks can be pickled, since it may be of processes
    or machines, and matdata submits no more of them than `Workers.window`.
    """

    def submit(self, function: Callable[[A], B], task: A, /) -> Future[B]:
        """Begin ``function(task)``, now or later; the future holds its result or its exception."""
        ...


@dataclass
class LossLog:
    """Workers that were lost, in the words of who noticed; it is no part of any identity.

    Attributes
    ----------
    lines
        One for each loss.
    report
        Called with each line; None for no report.
    """

    lines: list[str] = field(default_factory=list)
    report: Callable[[str], None] | None = None

    def add(self, function: Callable[[A], B], error: BaseException, attempt: int) -> None:
        """Note that a task is submitted again."""
        name = getattr(function, "__name__", type(function).__name__)
        why = str(error).partition("\n")[0]
        text = f"{type(error).__name__}: {why}" if why else type(error).__name__
        line = f"a worker was lost in {name} ({text}); attempt {attempt + 1} begins"
        self.lines.append(line)
        if self.report is not None:
            self.report(line)

    def receipt_since(self, before: int) -> JsonObject:
        """What a receipt says of the losses after the first `before` ones; empty without any."""
        return {LOST: self.lines[before:]} if self.lines[before:] else {}


@dataclass
class _Pending(Generic[A, B]):
    task: A
    future: Future[B]
    retries: int = 0
    lost: int = 0


def results_in_order(
    function: Callable[[A], B], tasks: Iterable[A], executor: Executor, window: int, log: LossLog
) -> Iterator[B]:
    """Results in the tasks' order, with at most `window` tasks in flight.

    Raises
    ------
    MatdataError
        If a task was lost more than `RETRIES` times, or lost `MOST_LOST` workers; if the executor
        takes no task.
    """
    pending: deque[_Pending[A, B]] = deque()
    try:
        for task in tasks:
            pending.append(_Pending(task, _submit(executor, function, task)))
            if len(pending) >= window:
                yield _first(function, pending, executor, log)
        while pending:
            yield _first(function, pending, executor, log)
    finally:
        for one in pending:
            one.future.cancel()


def _first(
    function: Callable[[A], B], pending: deque[_Pending[A, B]], executor: Executor, log: LossLog
) -> B:
    """The result of the first task, which leaves the queue."""
    while True:
        one = pending[0]
        try:
            result = one.future.result()
        except BaseException as error:
            if not is_lost(error):
                raise
            one.lost += _workers_lost(error)
            if one.retries >= RETRIES or one.lost >= MOST_LOST:
                raise _given_up(error, one.lost) from error
            one.retries += 1
            log.add(function, error, one.retries)
            _submit_lost(function, pending, executor, error)
        else:
            pending.popleft()
            return result


def _submit_lost(
    function: Callable[[A], B],
    pending: deque[_Pending[A, B]],
    executor: Executor,
    error: BaseException,
) -> None:
    """Submit the first task again, and all others that were lost with it."""
    for number, one in enumerate(pending):
        if number == 0 or _is_lost_beside(one):
            try:
                one.future = _submit(executor, function, one.task)
            except MatdataError as refusal:
                raise refusal from error


def _is_lost_beside(one: _Pending[A, B]) -> bool:
    """Whether a task that nobody waits for yet was lost, and has not lost too many workers."""
    error = _error_of(one.future) if one.future.done() else None
    if error is None or not is_lost(error):
        return False
    # a pool that breaks blames all tasks alike; dask counts for each task
    counted = _workers_lost(error)
    one.lost += counted if counted > 1 else 0
    return one.lost < MOST_LOST


def _error_of(future: Future[B]) -> BaseException | None:
    return CancelledError() if future.cancelled() else future.exception()


def is_lost(error: BaseException | None) -> bool:
    """Whether an error says that the worker of a task is gone, not that the task failed."""
    if isinstance(error, (BrokenExecutor, CancelledError)):
        return True
    kind = type(error)
    return kind.__module__.partition(".")[0] == "distributed" and kind.__name__ in LOST_IN_DASK


def _workers_lost(error: BaseException) -> int:
    """Workers that a task lost, as its error counts them."""
    # dask's KilledWorker states how many losses are forgiven; one more, and it gives up
    forgiven = getattr(error, "allowed_failures", 0)
    return 1 + (forgiven if isinstance(forgiven, int) else 0)


def _submit(executor: Executor, function: Callable[[A], B], task: A) -> Future[B]:
    try:
        future = executor.submit(function, task)
    except BrokenExecutor as error:
        raise _given_up(error, 1) from error
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


def _given_up(error: BaseException, lost: int) -> MatdataError:
    """The error of a task that lost its worker too often."""
    if isinstance(error, CancelledError):
        return MatdataError(
            "the executor dropped a task before it was done",
            cause="it was shut down, or lost its workers",
            next_step="close it after matdata has returned; what is finished is kept",
        )
    return MatdataError(
        "a worker process exited without an error message"
        + (f"; the same task lost {lost} of them" if lost > 1 else ""),
        cause="the system killed it, most often for lack of memory",
        next_step="run the same command with fewer --workers, or with more memory for each; it "
        "continues from the last finished piece",
    )
