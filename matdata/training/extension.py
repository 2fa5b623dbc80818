"""A run that goes on for more epochs than it was asked for at first.

It is then the run of a request for so many epochs: weights, choices and checkpoints are those,
bit for bit, of a training that was asked for all of them from the start. That holds where nothing
in a step depends on how many epochs there will be (`reason_against`); else it is refused. What was
made of the earlier weights, the score of the test part first of all, is set aside.
"""

from __future__ import annotations

import contextlib
import os

from matdata.core.console import Console
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import TrainError
from matdata.store import files
from matdata.training.added import adding, recorded
from matdata.training.contents import RESULT
from matdata.training.run import OPENED, RECORD, TABLE, Run
from matdata.training.settings import TrainSettings

#: Schedules that are laid over all epochs; the others know the steps behind them alone.
OVER_ALL = ("cosine", "exponential", "onecycle")


def is_longer(run: Run, identity: JsonMapping) -> bool:
    """Whether a request differs from that of a run by its epochs alone.

    Parameters
    ----------
    run
        The run that is there.
    identity
        Of what is asked for, as JSON values.
    """
    return _but_epochs(run.manifest["identity"]) == _but_epochs(identity)


def _but_epochs(identity: JsonMapping) -> JsonObject:
    settings = {name: value for name, value in identity["settings"].items() if name != "epochs"}
    return {**identity, "settings": settings}


def reason_against(settings: TrainSettings) -> str | None:
    """Why a training cannot go on for more epochs; None if it can."""
    if settings.steps:
        return "it is limited by steps, and ends within an epoch"
    if settings.schedule in OVER_ALL:
        return f"its schedule {settings.schedule!r} is laid over all epochs"
    if settings.warmup:
        return "its warm-up is a share of all steps"
    if settings.swa:
        return "swa averages the weights over a share of all epochs"
    if settings.limits and settings.schedule in ("cyclic", "decay", "step"):
        return (
            f"under a budget its schedule {settings.schedule!r} ends with the steps that were "
            "expected"
        )
    return None


def require_extendable(run: Run, epochs: int) -> None:
    """Check that a run can go on to so many epochs.

    Raises
    ------
    TrainError
        If it has more, or something in its steps depends on their number.
    """
    before = run.settings.epochs
    if epochs < before:
        raise TrainError(
            f"run {run.name!r} is one of {before} epochs; {epochs} are fewer",
            next_step="choose another --name, or more epochs",
        )
    reason = reason_against(run.settings)
    if reason is not None:
        raise TrainError(
            f"run {run.name!r} cannot go on from {before} to {epochs} epochs: {reason}",
            cause=f"a training of {epochs} epochs would have taken other steps from the start",
            next_step=f"choose another --name; --from-run {run.name} begins there with its weights",
        )


def ended_early(run: Run) -> bool:
    """Whether all members of a finished run were stopped by patience: no epoch would follow."""
    if not run.finished:
        return False
    members = run.result().get("members", [])
    return bool(members) and all(member["stopped"] is not None for member in members)


def set_aside(run: Run, console: Console) -> JsonObject:
    """Move what was made of the weights so far, and return the entry of the manifest.

    The result goes first: without it the run is one that was stopped, whenever this is killed.
    """
    folder = run.folder
    aside = folder / f"after-{run.settings.epochs}-epochs"
    tops = {name.partition("/")[0] for name in recorded(folder).files}
    derived = sorted(name for name in tops if not name.startswith("after-"))
    with contextlib.ExitStack() as stack:
        for name in (aside.name, *derived):
            stack.enter_context(adding(folder / name))
        for name in (RESULT, OPENED, RECORD, TABLE, *derived):
            if (folder / name).exists():
                aside.mkdir(exist_ok=True)
                files.remove(aside / name)
                os.replace(folder / name, aside / name)
    opened = (aside / OPENED).is_file()
    if opened:
        console.say(
            f"  note: the test part was opened for run {run.name} after "
            f"{run.settings.epochs} epochs; that score is in {aside.name}, and the opening counts"
        )
    return {
        "epochs": run.settings.epochs,
        "identity_digest": run.digest,
        "test_opened": opened,
    }
