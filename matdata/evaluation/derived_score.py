"""Scores of what is derived from the predictions for an open test part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from matdata.core.digest import digest_json
from matdata.core.documents import JsonObject
from matdata.evaluation.derive.base import Float
from matdata.evaluation.derive.chain import FITTED, Chain
from matdata.evaluation.derive.coverage_law import coverage_band
from matdata.splits.base import Split
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.added import adding
from matdata.training.data import View, truth
from matdata.training.predict import predict_dataset
from matdata.training.prediction import Predictions
from matdata.training.run import Run
from matdata.training.scores.conditional_coverage import (
    Surroundings,
    conditional_coverage,
    surroundings_of,
)
from matdata.training.scores.target_scores import plain_values, target_record, undefined_scores
from matdata.training.target import Target


def derived_record(
    run: Run,
    chain: Chain,
    predictions: Predictions,
    dataset: DatasetFolder,
    split: Split,
    train: Mapping[str, Float],
) -> JsonObject:
    """What is derived, scored on the test part, which is open already.

    Parameters
    ----------
    predictions
        For the test part, with true values and all that is derived.
    train
        By target true values of the training part, for the baselines.

    Returns
    -------
    dict
        ``steps``, the records of the derivations; ``targets``, by name the scores of targets that
        were derived (``without_prediction`` counts materials whose true value is known and
        whose derived one is not defined: no score holds them), and of intervals ``coverage`` (the
        share of true values within), ``mean_width`` of the ``n`` less the ``unbounded`` ones,
        ``chance_band_99`` (what coverage 99 of 100 such splits give), and
        coverage by chemical system and in the worst slab
        (`matdata.training.scores.conditional_coverage`); ``table``, the file of the run with the
        predictions.
    """
    around = None
    if predictions.intervals:
        around = surroundings_of(dataset, predictions.ids, split.ids("train"))
    predicted = {target.name for target in run.schema.targets}
    targets: JsonObject = {}
    for target in predictions.targets:
        scored: JsonObject = {}
        if target.name not in predicted:
            scored = _scored(predictions, target, train[target.name])
            why = undefined_scores(scored)
            scored |= {"undefined": why} if why else {}
        if target.name in predictions.intervals:
            scored["interval"] = _interval(predictions, target, around)
            by = predictions.derived_by[f"{target.name}/interval"]
            law, known = chain.coverage_law(target.name, by), scored["interval"]["n"]
            if law is not None and known and target.size == 1:
                scored["interval"]["chance_band_99"] = list(coverage_band(law, known))
        if scored:
            targets[target.name] = {"derived_by": _steps(predictions, target.name), **scored}
    name = digest_json([[step.spec, step.version] for step in chain.steps])[:12]
    folder = run.folder / FITTED
    with adding(folder):
        folder.mkdir(exist_ok=True)
        predictions.write(folder / f"test-{name}.parquet")
    return {
        "steps": [dict(one) for one in predictions.derivations],
        "targets": plain_values(targets),
        "table": f"{FITTED}/test-{name}.parquet",
    }


def predicted_and_known(
    run: Run,
    chain: Chain,
    dataset: DatasetFolder,
    split: Split,
    settings: Mapping[str, object] | None,
) -> tuple[Predictions, dict[str, Float]]:
    """Predictions for a test part that is open, with true values and what is derived, and true
    values of the training part by target."""
    ids = np.sort(split.ids("test"))
    predictions = predict_dataset(run, dataset, ids, with_truth=True, settings=settings)
    predictions = chain.apply(predictions, settings)
    view = View.of(dataset, {})
    train = {t.name: truth(view, split.ids("train"), (t,)) for t in run.schema.targets}
    rows = chain.rows(split.ids("train"), dataset)
    for step in chain.steps:
        train |= step.truth(train, rows)
    return predictions, train


def _scored(predictions: Predictions, target: Target, train: Float) -> JsonObject:
    """Scores of a derived target over the materials where it is defined."""
    assert predictions.true is not None
    mean = predictions.column(target, predictions.mean)
    known = np.isfinite(predictions.truth(target)).all(1)
    lost = known & ~np.isfinite(mean).all(1)
    if not lost.any():
        return target_record(predictions, target, train)
    defined = replace(predictions, true=predictions.true.copy())
    defined.truth(target)[lost] = np.nan
    record = target_record(defined, target, train)
    return {**record, "without_prediction": int(lost.sum())}


def _steps(predictions: Predictions, name: str) -> list[str]:
    keys = (name, f"{name}/interval")
    return [predictions.derived_by[key] for key in keys if key in predictions.derived_by]


def _interval(
    predictions: Predictions, target: Target, around: Surroundings | None
) -> dict[str, object]:
    """Share of the true values within the interval of a target, and its mean width."""
    lower, upper = predictions.intervals[target.name]
    true = predictions.truth(target)
    has_truth = np.isfinite(true)
    within = (true >= lower) & (true <= upper)
    width = (upper - lower)[has_truth]
    bounded = np.isfinite(width)
    scored: dict[str, object] = {
        "coverage": float(within[has_truth].mean()) if has_truth.any() else float("nan"),
        "mean_width": float(width[bounded].mean()) if bounded.any() else float("nan"),
        "unbounded": int((~bounded).sum()),
        "n": int(has_truth.sum()),
        "unit": target.unit,
    }
    known = np.asarray(has_truth.any(1))
    if around is not None and known.any():
        share = (within & has_truth).sum(1)[known] / has_truth.sum(1)[known]
        scored |= conditional_coverage(share, around.at(known))
    return scored
