"""A checked request becomes a run: view, normalizer, folder, training, result."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from matdata.core.console import SILENT, Console
from matdata.core.documents import JsonObject
from matdata.load.device_errors import device_errors
from matdata.store.damage import require_whole
from matdata.store.dataset_folder import KIND as DATASET
from matdata.store.feature_catalogue import KIND as FEATURE
from matdata.store.records import write_record
from matdata.store.safetensors import write_tensors
from matdata.training.contents import BEST, NORMALIZER, RESULT, digests
from matdata.training.contract import FitTrainer
from matdata.training.data import View, device_of, fit_normalizer, samples_for
from matdata.training.distributed import join_group, leave_group
from matdata.training.fit_networks import fit_networks
from matdata.training.plan import Question
from matdata.training.process_state import process_state
from matdata.training.run import Run
from matdata.training.run_folder import run_folder, run_lock, shorter_runs, start_run
from matdata.training.scores.shown import validation_lines
from matdata.training.session import Session
from matdata.training.validation_score import validation_record
from matdata.training.warm_start import parent_of, settle

#: What is left of a training whose device fails.
GOES_ON = "the last checkpoint is whole, and the same command goes on from it"
#: What makes the fit of a plugin of its own smaller, which has no batches.
LESS = "take fewer materials or columns"


def carry_out(
    question: Question,
    parent: Run | None,
    cache: Path,
    name: str | None,
    console: Console,
    stop_after: int | None,
) -> Run:
    """Train what was asked; see `matdata.training.train.train`.

    Parameters
    ----------
    question
        The checked request.
    parent
        The run whose weights are taken over.

    Raises
    ------
    MatdataError
        As `matdata.training.train.train`.
    """
    view = _view(question)
    normalizer = fit_normalizer(view, question.train, question.targets, question.settings)
    if parent is not None:
        question, normalizer = settle(question, parent, question.schema, normalizer)
    content = question.manifest(parent_of(parent, question) if parent else None)
    device = device_of(question.settings)
    group = join_group(device)
    if not group.leads:
        console = SILENT
    try:
        with contextlib.ExitStack() as held:
            started, lock = "", None
            if group.leads:
                folder = run_folder(cache, name, content)
                lock = held.enter_context(run_lock(folder))
                started = start_run(folder, content, console).name
            run = Run(cache / "runs" / group.shared(started))
            session = Session(
                question, run, lock, view, normalizer, parent, device, group, console, stop_after
            )
            _announce(session)
            if group.leads and name is None and not (run.folder / BEST).is_file():
                _name_shorter(shorter_runs(cache, content), console)
            unchanged = _finish(session)
    except BaseException:
        leave_group(group, failed=True)
        raise
    leave_group(group)
    trained = Run(run.folder)
    trained.unchanged = unchanged
    return trained


def _finish(session: Session) -> bool:
    """Train a run that is not finished, and report its score; returns whether it was finished."""
    run, console = session.run, session.console
    if run.finished:
        report_finished(session.question, run, console)
        return True
    _train(session)
    if run.finished and session.group.leads:
        _say_validation(run, console)
    return False


def report_finished(question: Question, run: Run, console: Console) -> None:
    """Report a run that was finished before, and reread what it was trained on: whoever trains
    reads it, and checks it by that.

    Raises
    ------
    DamageError
        If dataset or a feature is damaged.
    """
    require_whole(question.dataset.folder, DATASET)
    for feature in question.features.values():
        require_whole(feature.folder, FEATURE)
    console.say(f"run {run.name} is finished, unchanged: nothing is left to do")
    _say_validation(run, console)


def _say_validation(run: Run, console: Console) -> None:
    for line in validation_lines(run.result()):
        console.say(f"  {line}")


def _train(session: Session) -> None:
    """Train, score the validation part, and write the result, which makes the run finished."""
    question, run, device = session.question, session.run, session.device
    result: JsonObject | None
    if isinstance(question.trainer, FitTrainer):
        with device_errors("cpu", smaller=LESS):
            result = _fit(session, question.trainer) if session.group.leads else None
    else:
        with (
            process_state(question.settings, device, keep_memory=True),
            device_errors(device, GOES_ON),
        ):
            result = fit_networks(session)
    if result is not None:
        result["validation"] = validation_record(question, run)
        session.require_lock()
        write_record(run.folder / RESULT, {**result, "files": digests(run.folder)})


def _announce(session: Session) -> None:
    question, say = session.question, session.console.say
    sizes = f"{len(question.train):,} to train, {len(question.valid):,} to validate"
    say(f"run {session.run.name}: {question.trainer.name} on {question.dataset.ref}, {sizes}")
    for note in question.notes:
        say(f"  note: {note}")


def _name_shorter(names: Sequence[str], console: Console) -> None:
    for name in names:
        console.say(
            f"  note: run {name} is the same but for fewer epochs; --name {name} goes on with it"
        )


def _view(question: Question) -> View:
    """What the training sees: no targets but those of train and validation."""
    ids = np.concatenate([question.train, question.valid])
    return View.sealed(question.dataset, question.features, question.targets, ids)


def _fit(session: Session, trainer: FitTrainer) -> JsonObject:
    """The fit of a plugin that has one of its own, and what it came to."""
    question, view, normalizer = session.question, session.view, session.normalizer
    train = samples_for(view, question.train, question.targets, normalizer)
    valid = None
    if len(question.valid):
        valid = samples_for(view, question.valid, question.targets, normalizer)
    started = time.perf_counter()
    trainer.fit(train, valid, question.schema, question.settings.seed)
    seconds = time.perf_counter() - started
    run = session.run
    session.require_lock()
    write_record(run.folder / NORMALIZER, {**normalizer.to_json(), "run": run.digest})
    write_tensors(run.folder / BEST, dict(trainer.state()), {"run": run.digest})
    return {"seconds": seconds, "engine": "fit"}
