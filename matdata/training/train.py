"""One training from request to finished run; what is wrong with a request is found before torch
is imported."""

from __future__ import annotations

from pathlib import Path

from matdata.core.cache import ensure_writable
from matdata.core.console import SILENT, Console
from matdata.core.errors import StoreError
from matdata.training.plan import ask
from matdata.training.request import Request
from matdata.training.run import Run
from matdata.training.run_folder import finished_run, require_startable
from matdata.training.run_lookup import find_run


def train(
    request: Request,
    cache: Path,
    name: str | None = None,
    console: Console = SILENT,
    stop_after: int | None = None,
) -> Run:
    """Train, or go on with a training of the same request that was stopped.

    A request that differs from a run of that name by more epochs alone goes on with it, where that
    gives what a training of so many epochs gives (`matdata.training.extension`).

    Parameters
    ----------
    request
        What is asked for.
    cache
        Cache folder; the run will be ``runs/<name>`` in it.
    name
        Name of the run; made of plugin, dataset, target and digest if not given.
    console
        Informed of what happens.
    stop_after
        Steps after which the loop stops with a checkpoint, as if it had been killed there: the run
        is not finished, and the same request goes on with it. A fit of its own is not stopped.

    Raises
    ------
    MatdataError
        If the request does not fit data or plugin, or the loss is not finite.
    """
    question = ask(request, cache)
    try:
        ensure_writable(cache)
    except StoreError:  # of what is finished nothing is written
        run = None if request.from_run else finished_run(cache, name, question.manifest(None))
        if run is None:
            raise
        from matdata.training.carry_out import report_finished

        report_finished(question, run, console)
        run.unchanged = True
        return run
    parent = find_run(cache, request.from_run) if request.from_run else None
    if parent is None:  # else the content follows from the parent's weights, which torch reads
        require_startable(cache, name, question.manifest(None))
    from matdata.training.carry_out import carry_out

    return carry_out(question, parent, cache, name, console, stop_after)
