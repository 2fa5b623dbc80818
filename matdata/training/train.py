"""One training from request to finished run."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from matdata.core.cache import ensure_writable
from matdata.core.console import SILENT, Console
from matdata.features.runner import KIND as FEATURE
from matdata.load.device_errors import device_errors
from matdata.load.loader import Loader
from matdata.load.normalizer import Normalizer
from matdata.nn.cpu import in_use
from matdata.store.damage import require_whole
from matdata.store.dataset_folder import KIND as DATASET
from matdata.store.records import write_record
from matdata.store.safetensors import write_tensors
from matdata.training.checkpoint import load_checkpoint, save_checkpoint
from matdata.training.contents import BEST, NORMALIZER, RESULT, digests
from matdata.training.contract import FitTrainer, Schema, TorchTrainer
from matdata.training.data import (
    View,
    device_of,
    fit_normalizer,
    loader_for,
    samples_for,
)
from matdata.training.distributed import Group, join_group, leave_group
from matdata.training.engine import Engine, Recipe
from matdata.training.logs import LogRow, RunLog
from matdata.training.loop import Loop
from matdata.training.members import build_models, choose_engine
from matdata.training.objectives.choice import heads_of, objectives_of
from matdata.training.objectives.combined import Objectives
from matdata.training.plan import Question, ask
from matdata.training.process_state import process_state
from matdata.training.request import Request
from matdata.training.run import Run, find_run
from matdata.training.run_folder import run_folder, run_lock, start_run
from matdata.training.warm_start import member_draws, parent_of, settle, take_over

#: What is left of a training whose device fails.
GOES_ON = "the last checkpoint is whole, and the same command goes on from it"


def train(
    request: Request,
    cache: Path,
    name: str | None = None,
    console: Console = SILENT,
    stop_after: int | None = None,
) -> Run:
    """Train, or go on with a training of the same request that was stopped.

    Parameters
    ----------
    request
        What is asked for.
    cache
        Cache folder; the run will be ``runs/<name>`` in it.
    name
        Name of the run; made of plugin, dataset, target and digest if not given.
    console
        Told what happens.
    stop_after
        Steps after which the loop stops with a checkpoint, as if it had been killed there: the run
        is not finished, and the same request goes on with it. A fit of its own is not stopped.

    Raises
    ------
    MatdataError
        If the request does not fit data or plugin, or the loss is not finite.
    """
    question = ask(request, cache)
    ensure_writable(cache)
    view = _view(question)
    normalizer = fit_normalizer(view, question.train, question.targets, question.settings)
    parent = find_run(cache, request.from_run) if request.from_run else None
    if parent is not None:
        question, normalizer = settle(question, parent, schema_of(question), normalizer)
    outputs = schema_of(question).outputs
    content = question.manifest(parent_of(parent, question) if parent else None, outputs)
    device = device_of(question.settings)
    group = join_group(device)
    if not group.leads:
        console = SILENT
    try:
        with contextlib.ExitStack() as held:
            started = ""
            if group.leads:
                folder = run_folder(cache, name, content)
                held.enter_context(run_lock(folder))
                started = start_run(folder, content).name
            run = Run(cache / "runs" / group.shared(started))
            _announce(question, run, console)
            unchanged = run.finished
            if unchanged:
                _require_whole(question)
                console.say(f"run {run.name} is finished, unchanged: nothing is left to do")
            elif isinstance(question.trainer, FitTrainer):
                _fit(question, run, view, normalizer)
            else:
                with (
                    process_state(question.settings, device, keep_memory=True),
                    device_errors(device, GOES_ON),
                ):
                    _train(
                        question, run, view, normalizer, parent, device, group, console, stop_after
                    )
    finally:
        leave_group(group)
    trained = Run(run.folder)
    trained.unchanged = unchanged
    return trained


def _require_whole(question: Question) -> None:
    """Reread what a finished run was trained on: whoever trains reads it, and checks it by that."""
    require_whole(question.dataset.folder, DATASET)
    for feature in question.features.values():
        require_whole(feature.folder, FEATURE)


def _announce(question: Question, run: Run, console: Console) -> None:
    sizes = f"{len(question.train):,} to train, {len(question.valid):,} to validate"
    console.say(f"run {run.name}: {question.trainer.name} on {question.dataset.ref}, {sizes}")
    for note in question.notes:
        console.say(f"  note: {note}")


def schema_of(question: Question) -> Schema:
    """What the model is built for."""
    inputs = {spec: feature.featurizer for spec, feature in question.features.items()}
    return Schema(question.targets, heads_of(question.targets, question.settings), inputs)


def _view(question: Question) -> View:
    """What the training sees: no targets but those of train and validation."""
    ids = np.concatenate([question.train, question.valid])
    return View.sealed(question.dataset, question.features, question.targets, ids)


def _fit(question: Question, run: Run, view: View, normalizer: Normalizer) -> None:
    import time

    assert isinstance(question.trainer, FitTrainer)
    targets = question.targets
    train = samples_for(view, question.train, targets, normalizer)
    valid = None
    if len(question.valid):
        valid = samples_for(view, question.valid, targets, normalizer)
    started = time.perf_counter()
    schema = schema_of(question)
    question.trainer.fit(train, valid, schema, question.settings.seed)
    seconds = time.perf_counter() - started
    write_record(run.folder / NORMALIZER, {**normalizer.to_json(), "run": run.digest})
    write_tensors(run.folder / BEST, dict(question.trainer.state()), {"run": run.digest})
    result = {"seconds": seconds, "engine": "fit", "files": digests(run.folder)}
    write_record(run.folder / RESULT, result)


def _train(
    question: Question,
    run: Run,
    view: View,
    normalizer: Normalizer,
    parent: Run | None,
    device: torch.device,
    group: Group,
    console: Console,
    stop_after: int | None,
) -> None:
    settings = question.settings
    assert isinstance(question.trainer, TorchTrainer)
    schema = schema_of(question)
    if group.leads:
        write_record(run.folder / NORMALIZER, {**normalizer.to_json(), "run": run.digest})
    train, valid = _loaders(question, view, normalizer, device, group)
    for loader in filter(None, (train, valid)):
        if loader.chosen_mode.instead_of:
            console.say(f"  inputs are in mode {loader.mode}: {loader.reason}")
    draws = member_draws(parent, question, len(train.ids))
    recipe = Recipe(
        settings,
        Objectives(objectives_of(question.targets, settings)),
        device,
        group,
        question.request.freeze,
        None if draws is None else draws.to(device),
    )
    models = build_models(question.trainer, schema, settings.seed, settings.ensemble, device)
    if parent is not None:
        anew = take_over(models, parent, question.request.reinit)
        but = f"; not {', '.join(anew)}" if anew else ""
        console.say(f"  weights of run {parent.name} are taken over{but}")
    engine, reason = choose_engine(models, recipe, question.trainer, train)
    if reason:
        console.say(f"  members are trained sequentially: {reason}")
    _loop(run, engine, reason, train, valid, console, stop_after)


def _loaders(
    question: Question, view: View, normalizer: Normalizer, device: torch.device, group: Group
) -> tuple[Loader, Loader | None]:
    """Batches to train and to validate with, whose targets are normalised."""
    make = functools.partial(
        loader_for,
        view,
        targets=question.targets,
        settings=question.settings,
        device=device,
        normalizer=normalizer,
    )
    train = make(ids=question.train, shuffle=True, group=group, what="the training part")
    if not len(question.valid):
        return train, None
    return train, make(ids=question.valid, what="the validation part")


def _loop(
    run: Run,
    engine: Engine,
    reason: str | None,
    train: Loader,
    valid: Loader | None,
    console: Console,
    stop_after: int | None,
) -> None:
    group = engine.recipe.group

    def save(loop: Loop) -> None:
        save_checkpoint(loop, run.folder, run.digest)

    loop = Loop(engine, train, valid, save, lambda _: None, console, stop_after=stop_after)
    if load_checkpoint(loop, run.folder, run.digest):
        console.say(f"  goes on after epoch {loop.progress.epoch}, step {loop.progress.step}")
    log = None
    if group.leads:
        log = RunLog(run.folder, loop.progress.epoch, engine.recipe.settings.tensorboard)
        loop.log = _logger(log, loop, console)
    loop.run()
    if log is not None:
        log.close()
    if log is not None and loop.over:
        write_record(run.folder / RESULT, _result(run, loop, reason))
        console.say(f"  {_summary(loop)}")


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


def _result(run: Run, loop: Loop, reason: str | None) -> dict[str, object]:
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
        "files": digests(run.folder),
    }
