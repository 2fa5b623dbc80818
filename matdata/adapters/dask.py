"""An executor on a dask scheduler: one that runs already, or a cluster of this machine.

Importing this imports `distributed`; it is done only when a scheduler of dask is asked for. What
dask does itself (scheduling, restarts of workers, connections) is left to it; here is only what
keeps matdata from waiting for ever, and says why.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeout
from multiprocessing import resource_tracker
from typing import Any, Generic, TypeVar

import dask
from distributed import Client, LocalCluster

from matdata.core.errors import MatdataError
from matdata.core.stopping import stop_deferred

A = TypeVar("A")
B = TypeVar("B")

POLL = 2.0  # seconds between two looks at the workers while a task is waited for
CONNECT = "10s"  # until a scheduler that does not answer is given up
CLOSE = 5.0  # seconds
LOGGERS = ("distributed.", "tornado.", "asyncio.")  # who says that a connection was lost
GOES_ON = "the same command goes on from the last finished piece"


class DaskExecutor:
    """Submits tasks to a dask scheduler, without its own retries of failed tasks.

    Parameters
    ----------
    client
        A connected client.
    patience
        Seconds to wait while the scheduler has no worker at all.
    """

    def __init__(self, client: Client, patience: float) -> None:
        self._client = client
        self._executor = client.get_executor(pure=False, retries=0)
        self._patience = patience
        self._address = str(client.scheduler.address)

    def submit(self, function: Callable[[A], B], task: A, /) -> Future[B]:
        """Begin ``function(task)`` on a worker.

        Raises
        ------
        MatdataError
            If the scheduler is gone.
        """
        if self._client.status != "running":
            raise self._gone()
        future: Any = _Waited(self._executor.submit(function, task), self)
        waited: Future[B] = future
        return waited

    def n_threads(self) -> int:
        """Threads of all workers that there are now.

        Raises
        ------
        MatdataError
            If the scheduler is gone.
        """
        try:
            return sum(self._client.nthreads().values())
        except (OSError, CancelledError) as error:
            raise self._gone() from error

    def wait_for_workers(self) -> None:
        """Return when there is a worker.

        Raises
        ------
        MatdataError
            If none comes in time, or the scheduler is gone.
        """
        end = time.monotonic() + self._patience
        while not self.n_threads():
            if time.monotonic() > end:
                raise MatdataError(
                    f"the dask scheduler at {self._address} has had no worker for "
                    f"{self._patience:g} s",
                    cause="all of them were killed, reached their walltime, or wait in a queue",
                    next_step=f"start workers; {GOES_ON} (MATDATA_WORKER_PATIENCE=SECONDS waits "
                    "longer)",
                )
            time.sleep(min(1.0, POLL))

    def _gone(self) -> MatdataError:
        return MatdataError(
            f"the dask scheduler at {self._address} does not answer any more",
            cause="it was stopped or killed, or its machine cannot be reached",
            next_step=f"start a scheduler with workers; {GOES_ON}",
        )


class _Waited(Generic[B]):
    """A future that looks after the workers while it is waited for."""

    def __init__(self, future: Future[B], executor: DaskExecutor) -> None:
        self._future = future
        self._executor = executor

    def result(self) -> B:
        while True:
            try:
                return self._future.result(POLL)
            except FutureTimeout:
                if self._future.done():
                    raise  # the task's own
                self._executor.wait_for_workers()

    def done(self) -> bool:
        return self._future.done()

    def cancelled(self) -> bool:
        return self._future.cancelled()

    def exception(self) -> BaseException | None:
        return self._future.exception()

    def cancel(self) -> bool:
        return self._future.cancel()


@contextlib.contextmanager
def connected(address: str, patience: float) -> Iterator[DaskExecutor]:
    """An executor on the scheduler at an address; it and its workers stay when it is left.

    Raises
    ------
    MatdataError
        If nothing answers there.
    """
    with dask.config.set({"distributed.comm.timeouts.connect": CONNECT}), _quiet():
        try:
            client = Client(address, timeout=CONNECT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise MatdataError(
                f"no dask scheduler answers at {address}",
                cause=str(error),
                next_step="start one (`dask scheduler`) and give the address that it prints",
            ) from error
        # what its tasks raise when a connection is lost; each call of ours raises its own error
        client.loop.asyncio_loop.set_exception_handler(_ignore)
        try:
            yield DaskExecutor(client, patience)
        finally:
            client.close(CLOSE)


@contextlib.contextmanager
def local_cluster(workers: int, patience: float) -> Iterator[DaskExecutor]:
    """An executor on a cluster of this machine, which is closed when it is left.

    Its workers start while the caller goes on; tasks wait for them.
    """
    resource_tracker.ensure_running()  # its start, by the first worker, would unblock Ctrl-C
    with _quiet(), contextlib.ExitStack() as opened:
        with stop_deferred():  # dask cannot close a cluster whose workers are starting
            cluster = opened.enter_context(
                LocalCluster(
                    n_workers=0,
                    threads_per_worker=1,
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                    preload=["matdata.adapters.dask_worker"],
                )
            )
            cluster.scale(workers)
        yield opened.enter_context(connected(cluster.scheduler_address, patience))


def _ignore(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An exception that nobody waits for."""


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Lost connections are one clear error of matdata, not lines of a log beside it.

    The thread of dask's client outlives an error for a while, and logs what it has lost: then the
    loggers stay as they are.
    """
    # dask gives some of its loggers a level and a handler of their own
    names = [name for name in logging.root.manager.loggerDict if f"{name}.".startswith(LOGGERS)]
    before = {logger: logger.level for logger in map(logging.getLogger, names)}
    for logger in before:
        # callbacks of tornado that failed are errors; asyncio logs what was never waited for so
        logger.setLevel(logging.CRITICAL + 1)
    yield
    for logger, level in before.items():
        logger.setLevel(level)
