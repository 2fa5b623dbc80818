"""Where tasks run, by a name that a user types: ``--scheduler``."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from matdata.core.errors import ConfigError
from matdata.core.executors import Executor, Workers, default_workers
from matdata.core.packages import needed_for
from matdata.core.retries import LossLog
from matdata.core.scheduler_names import DASK, OWN, check_scheduler

#: Seconds to wait for a first worker, or for a new one when all are gone.
PATIENCE = "MATDATA_WORKER_PATIENCE"
DEFAULT_PATIENCE = 300.0
#: Tasks in flight, in pairs, on a cluster that may still grow.
MIN_COUNT = 8


@contextlib.contextmanager
def workers_on(
    scheduler: str | None,
    count: int | None = None,
    executor: Executor | None = None,
    report: Callable[[str], None] | None = None,
) -> Iterator[Workers]:
    """Workers of a scheduler, which are let go when the block ends.

    Parameters
    ----------
    scheduler
        ``threads`` or ``processes`` of this machine, ``dask`` or the address of a dask scheduler;
        None for what each stage does best on this machine.
    count
        How many tasks run at once; all cores, or all threads of the cluster, if None.
    executor
        An open executor of the caller, instead of a scheduler.
    report
        Called with a line for each worker that is lost, and whose task is done again.

    Raises
    ------
    ConfigError
        If the scheduler is unknown, or an executor is given as well.
    MissingPackageError
        If dask is asked for and not installed.
    MatdataError
        If no scheduler answers at the address, or no worker comes.
    """
    check_scheduler(scheduler)
    if scheduler is not None and executor is not None:
        raise ConfigError(
            f"a scheduler ({scheduler}) and an executor are given", next_step="leave out one"
        )
    own = Workers(count or default_workers(), executor, losses=LossLog(report=report))
    if scheduler is None or scheduler in OWN:
        yield own if scheduler is None else replace(own, kind=OWN[scheduler])
        return
    with needed_for(f"--scheduler {scheduler}", "leave the option out"):
        from matdata.adapters.dask import connected, local_cluster
    patience = _patience()
    is_local = scheduler == DASK
    opened = local_cluster(own.count, patience) if is_local else connected(scheduler, patience)
    with opened as remote:
        if not is_local:  # those of this machine are starting
            remote.wait_for_workers()
        threads = own.count if is_local else remote.n_threads()
        yield replace(own, count=count or max(threads, MIN_COUNT), executor=remote)


def _patience() -> float:
    text = os.environ.get(PATIENCE, str(DEFAULT_PATIENCE))
    if not re.fullmatch(r"\d{1,7}(\.\d+)?", text):
        raise ConfigError(
            f"{PATIENCE} is {text!r}; expected seconds", next_step=f"`export {PATIENCE}=3600`"
        )
    return float(text)
