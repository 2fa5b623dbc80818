"""The sealed test part of a run: opened once, by this module alone, and on record."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from matdata.core.digest import digest_file
from matdata.core.documents import JsonObject
from matdata.core.errors import TrainError, first_few
from matdata.evaluation.derive.base import Derivation
from matdata.evaluation.derive.chain import Chain
from matdata.evaluation.derived_score import derived_record, predicted_and_known
from matdata.evaluation.grouped_scores import BINS, require_groups, scores_by
from matdata.evaluation.openings import Opening, record_opening
from matdata.evaluation.trained_on import split_of
from matdata.splits.base import Split
from matdata.store.catalogue import find_dataset
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.records import write_record
from matdata.store.user_metadata import words_in
from matdata.training.contents import read_sealed
from matdata.training.data import View, truth
from matdata.training.evaluated import require_same_weights
from matdata.training.predict import predict_dataset, require_finite
from matdata.training.prediction import Predictions
from matdata.training.prediction_settings import check_prediction
from matdata.training.run import OPENED, RECORD, TABLE, Run
from matdata.training.run_folder import run_lock
from matdata.training.scores.part_scores import part_scores
from matdata.training.target_axis import require_same_axis
from matdata.training.targets import require_names


def evaluate_run(
    run: Run,
    settings: Mapping[str, object] | None = None,
    derive: Sequence[str | Derivation] = (),
    by: Sequence[str] = (),
    bins: int = BINS,
) -> JsonObject:
    """Score a finished run on the test part of its split, or read the score that is on record.

    Parameters
    ----------
    run
        A finished run.
    settings
        Other settings of the loop (``device``).
    derive
        What is computed from the predictions and scored as well, such as ``conformal:alpha=0.1``.
    by, bins
        Columns of the dataset: the materials of each value, or bin of many numbers, are scored on
        their own.

    Returns
    -------
    dict
        ``targets``: by name the metrics, the dummy baselines beside them, and how good the
        predicted standard deviations are, or of classes the confusion matrix; a score that is not
        defined is None, and ``undefined`` gives the reason; ``missing`` counts materials without a
        true value by reason; ``reused`` is whether it was on record; ``derived`` is what `derive`
        gave, see `derived_record`; ``by`` the scores of groups, see
        `matdata.evaluation.grouped_scores.scores_by`.

    Raises
    ------
    TrainError
        If the run is not finished, its weights or predictions are not finite, the weights
        changed after the test part was opened, in this folder or in a copy of it, or another
        process is training the run.
    StoreError
        If a file of the run is missing or was changed.
    SplitError
        If the split has no test part.
    ConfigError
        If it holds a class with a name that the training part had not, or another axis; if a
        derivation is unknown or does not fit, or a column makes no groups.
    """
    run.result()
    check_prediction(settings or {})
    dataset = find_dataset(run.cache, run.dataset_ref)
    split = split_of(run, dataset)
    chain = Chain(run, derive, dataset)  # refused or fitted before the test part is opened
    chain.fit(settings)
    require_groups(dataset, by, bins, run.schema.targets, split.ids("test"))
    record = _base_record(run, dataset, split, settings)
    if chain.steps or by:
        made, train = predicted_and_known(run, chain, dataset, split, settings)
        if chain.steps:
            record["derived"] = derived_record(run, chain, made, dataset, split, train)
        if by:
            record["by"] = scores_by(made, dataset, by, bins, train)
    return record


def _base_record(
    run: Run, dataset: DatasetFolder, split: Split, settings: Mapping[str, object] | None
) -> JsonObject:
    """The score of what the run predicts itself, made now or on record."""
    ids = np.sort(split.ids("test"))
    weights = run.weights_digest()
    _require_current(run, weights)
    opened = _own_opening(run, weights)
    if opened is not None and (run.folder / RECORD).is_file():
        record_opening(folder_of_openings(run, dataset), _opening(run, split, weights, opened))
        return {**read_sealed(run.folder / RECORD), "reused": True}
    require_finite(run)
    predictions = predict_dataset(run, dataset, ids, settings=settings)
    _require_numbers(run, predictions)
    opened = opened or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with run_lock(run.folder) as lock:  # no process trains it further between opening and score
        _require_current(run, weights)
        opening, first = record_opening(
            folder_of_openings(run, dataset), _opening(run, split, weights, opened)
        )
        record_of_opening = {"run": run.name, "weights": weights, "opened": opened}
        write_record(run.folder / OPENED, record_of_opening)
        require_names(dataset, predictions.targets, predictions.ids)
        require_same_axis(dataset, predictions.targets, predictions.ids)
        true = truth(View.of(dataset, {}), predictions.ids, predictions.targets)
        predictions = replace(predictions, true=true)
        lock.require()
        predictions.write(run.folder / TABLE)
        record = _record(run, dataset, split, predictions)
        record["opened"] = {"run": opening.run, "when": opening.opened, "first": first}
        write_record(run.folder / RECORD, record)
    return {**record, "reused": False}


def folder_of_openings(run: Run, dataset: DatasetFolder) -> Path:
    """The folder beside which openings are recorded: in one's own cache, whatever place the
    dataset is read from, and of the version without computed columns, whose rows are the same."""
    return run.cache / "datasets" / dataset.folder.parent.name / dataset.base_folder.name


def _require_current(run: Run, weights: str) -> None:
    """Check that the folder still holds the training that was opened, with these weights.

    Raises
    ------
    StoreError
        If a file of it is missing or was changed.
    TrainError
        If it was extended since: a score of the weights before would stand beside those of now.
    """
    current = Run(run.folder)
    if current.digest != run.digest or not current.finished or current.weights_digest() != weights:
        raise TrainError(
            f"run {run.name!r} was trained on after it was opened here, and before it was scored",
            cause="another process, or an earlier cell, extended it to more epochs",
            next_step="open it again when that training is over (md.open_run), and evaluate it",
        )


def _own_opening(run: Run, weights: str) -> str | None:
    """When the run opened its test part, by its own record; None if it did not."""
    path = run.folder / OPENED
    if not path.is_file():
        return None
    record = read_sealed(path)
    require_same_weights(run, record, weights)
    return str(record["opened"])


def _opening(run: Run, split: Split, weights: str, opened: str) -> Opening:
    return Opening(split.name, split.digest(), run.name, run.digest, weights, opened)


def _require_numbers(run: Run, predictions: Predictions) -> None:
    """Refuse predictions that are not finite, before a true value is read."""
    parts = [predictions.mean]
    if predictions.total is not None:  # without those of targets whose objective learns none
        parts.append(predictions.total[:, ~np.isnan(predictions.total).all(0)])
    finite = np.isfinite(np.concatenate(parts, 1)).all(1)
    bad = predictions.ids[~finite]
    if len(bad):
        raise TrainError(
            f"run {run.name!r} predicts no finite number for {len(bad):,} of "
            f"{len(predictions):,} materials of the test part: {first_few(bad)}",
            cause="inputs far outside those of the training part, or too low a precision",
            next_step="look at the inputs of these materials, or train again under another --name",
        )


def _record(run: Run, dataset: DatasetFolder, split: Split, predictions: Predictions) -> JsonObject:
    return {
        "run": run.name,
        "weights": run.weights_digest(),
        "dataset": dataset.ref,
        **words_in(dataset.manifest),
        "split": {"name": split.name, "digest": split.digest()},
        "test": {"asked": len(split.ids("test")), "predicted": len(predictions)},
        "targets": part_scores(predictions, dataset, run.settings, split.ids("train")),
        "table_sha256": digest_file(run.folder / TABLE),
    }
