"""The training of networks: loaders, engine, loop and logs of one run."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch

from matdata.core.console import Console
from matdata.core.documents import JsonObject
from matdata.load.loader import Loader
from matdata.nn.cpu import in_use
from matdata.store.records import write_record
from matdata.training.checkpoint import load_checkpoint, save_checkpoint
from matdata.training.contents import NORMALIZER
from matdata.training.contract import TorchTrainer
from matdata.training.data import loader_for
from matdata.training.engine import Engine, Recipe
from matdata.training.logs import LogRow, RunLog
from matdata.training.loop import Loop
from matdata.training.members import build_models, choose_engine
from matdata.training.objectives.choice import objectives_of
from matdata.training.objectives.combined import Objectives
from matdata.training.session import Session
from matdata.training.tracking import tracker_of
from matdata.training.warm_start import member_draws, take_over


def fit_networks(session: Session) -> JsonObject | None:
    """Train the members of a run, from its checkpoint if there is one.

    Parameters
    ----------
    session
        The training; its trainer is a `TorchTrainer`.

    Returns
    -------
    dict or None
        What the training came to: epochs, seconds, members, …; None if it was stopped before its
        end, and in processes other than the leading one.

    Raises
    ------
    TrainError
        If a loss or weight is not finite, or the checkpoint does not fit.
    """
    question, run, normalizer = session.question, session.run, session.normalizer
    settings, console = question.settings, session.console
    assert isinstance(question.trainer, TorchTrainer)
    if session.group.leads:
        write_record(run.folder / NORMALIZER, {**normalizer.to_json(), "run": run.digest})
    train, valid = _loaders(session)
    for loader in filter(None, (train, valid)):
        if loader.chosen_mode.instead_of:
            console.say(f"  inputs are in mode {loader.mode}: {loader.reason}")
    recipe = _recipe(session, len(train.ids))
    models = build_models(
        question.trainer, question.schema, settings.seed, settings.ensemble, session.device
    )
    if session.parent is not None:
        anew = take_over(models, session.parent, question.request.reinit)
        but = f"; not {', '.join(anew)}" if anew else ""
        console.say(f"  weights of run {session.parent.name} are taken over{but}")
    engine, reason = choose_engine(models, recipe, question.trainer, train)
    if reason:
        console.say(f"  members are trained sequentially: {reason}")
    return _loop(session, engine, reason, train, valid)


def _recipe(session: Session, materials: int) -> Recipe:
    """How each step is taken; `materials` is how many there are to train on."""
    question = session.question
    draws = member_draws(session.parent, question, materials)
    return Recipe(
        question.settings,
        Objectives(objectives_of(question.targets, question.settings)),
        session.device,
        session.group,
        question.request.freeze,
        None if draws is None else draws.to(session.device),
    )


def _loaders(session: Session) -> tuple[Loader, Loader | None]:
    """Batches to train and to validate with, whose targets are normalised."""
    question = session.question
    make = functools.partial(
        loader_for,
        session.view,
        targets=question.targets,
        settings=question.settings,
        device=session.device,
        normalizer=session.normalizer,
    )
    train = make(ids=question.train, shuffle=True, group=session.group, what="the training part")
    if not len(question.valid):
        return train, None
    return train, make(ids=question.valid, what="the validation part")


def _loop(
    session: Session, engine: Engine, reason: str | None, train: Loader, valid: Loader | None
) -> JsonObject | None:
    run, console = session.run, session.console

    def save(loop: Loop) -> None:
        session.require_lock()
        save_checkpoint(loop, run.folder, run.digest)

    loop = Loop(engine, train, valid, save, lambda _: None, console, stop_after=session.stop_after)
    if load_checkpoint(loop, run.folder, run.digests):
        console.say(f"  goes on after epoch {loop.progress.epoch}, step {loop.progress.step}")
    log = None
    if session.group.leads:
        settings = engine.recipe.settings
        board = settings.tensorboard or settings.track == "tensorboard"
        tracker = tracker_of(run, settings, console)
        log = RunLog(run.folder, loop.progress.epoch, board, tracker)
        loop.log = _logger(log, loop, console)
    try:
        loop.run()
    finally:
        if log is not None:
            log.close()
    if log is None:
        return None
    if not loop.over:
        return None
    console.say(f"  {_summary(loop)}")
    return _result(loop, reason)


def _logger(log: RunLog, loop: Loop, console: Console) -> Callable[[LogRow], None]:
    def add(row: LogRow) -> None:
        row["data_wait_share"] = loop.train.meter.share
        log.add(row)
        validation = f"val error {row['val_error']:.4f}, " if "val_error" in row else ""
        console.say(
            f"  epoch {row['epoch']}: train loss {row['train_loss']:.4f}, {validation}"
            f"lr {row['lr']:.2g}, {row['seconds']:.1f} s, "
            f"waited for data {row['data_wait_share']:.1%}"
        )

    return add


def _summary(loop: Loop) -> str:
    progress = loop.progress
    bests = [member.best for member in progress.members if member.best is not None]
    text = f"{progress.epoch} epochs, {progress.step:,} steps, {progress.seconds:.1f} s"
    if bests:
        epochs = sorted({member.best_epoch for member in progress.members})
        text += f"; best validation {sum(bests) / len(bests):.4f} (epoch {epochs[0]}"
        text += f" to {epochs[-1]})" if len(epochs) > 1 else ")"
    return text


def _result(loop: Loop, reason: str | None) -> JsonObject:
    progress = loop.progress
    device = loop.engine.recipe.device
    return {
        "epochs": progress.epoch,
        "steps": progress.step,
        "seconds": progress.seconds,
        "members": [
            {"best": m.best, "best_epoch": m.best_epoch, "stopped": m.stopped}
            for m in progress.members
        ],
        "engine": loop.engine.kind,
        "why_separate": reason,
        "threads": torch.get_num_threads(),
        "device": str(device),
        "cpu_kernels": in_use() if device.type == "cpu" else {},
    }
