"""Scores of a run on the test part, by the values or bins of columns of the dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError
from matdata.evaluation.column_groups import groups_of
from matdata.evaluation.learnt import learnt_columns
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.prediction import Predictions
from matdata.training.scores.metrics import mean_with_error
from matdata.training.scores.target_scores import plain_values, target_record
from matdata.training.target import Target

Float = npt.NDArray[np.float64]
#: Bins of a column of many numbers.
BINS = 5
#: Parts of a score that are curves or tables, which those of groups leave out.
LARGE = frozenset(
    ("coverage", "confidence_error", "confusion", "along_axis", "element_coverage", "truth_digest")
)


def require_groups(
    dataset: DatasetFolder,
    by: Sequence[str],
    bins: int,
    targets: Sequence[Target],
    ids: npt.NDArray[np.str_],
) -> None:
    """Check that columns make groups of materials, before a test part is opened.

    Of a column that is learnt only whether it is there: its values of a test part are sealed.

    Raises
    ------
    ConfigError
        If there is no such column, or as `matdata.evaluation.column_groups.groups_of`.
    """
    learnt = learnt_columns(targets, dataset.columns)
    for column in by:
        dataset.require_column(column, " to score by", ConfigError)
        if column not in learnt:
            groups_of(dataset, column, dataset.rows(ids), bins)


def scores_by(
    predictions: Predictions,
    dataset: DatasetFolder,
    by: Sequence[str],
    bins: int,
    train: Mapping[str, Float],
) -> JsonObject:
    """Scores of groups of materials.

    Parameters
    ----------
    predictions
        With true values, and with what was derived.
    dataset
        Theirs.
    by, bins
        Columns, and bins of one with many numbers.
    train
        By target true values of the training part, for the baselines.

    Returns
    -------
    dict
        By column and target, by group in order: the scores of
        `matdata.training.scores.target_scores.target_record` without curves; of numbers
        ``mean_absolute_error``, the MAE with its ``standard_error``; of intervals that were derived
        their ``coverage``, and ``mean_width`` without the ``unbounded`` ones.
    """
    rows = dataset.rows(predictions.ids)
    found: JsonObject = {}
    for column in by:
        groups = groups_of(dataset, column, rows, bins)
        found[column] = {
            target.name: {
                label: _scores(predictions.at(places), target, train[target.name])
                for label, places in groups.items()
            }
            for target in predictions.targets
        }
    values = plain_values(found)
    assert isinstance(values, dict)
    return values


def _scores(predictions: Predictions, target: Target, train: Float) -> JsonObject:
    scored = _without_curves(target_record(predictions, target, train))
    true = predictions.truth(target)
    if target.task == "regression":
        error = np.abs(predictions.column(target, predictions.mean) - true)
        known = np.isfinite(error)
        of_rows = np.where(known, error, 0.0).sum(1)[known.any(1)] / known.sum(1)[known.any(1)]
        scored["mean_absolute_error"] = mean_with_error(of_rows)
    if target.name in predictions.intervals:
        lower, upper = predictions.intervals[target.name]
        at_truth = np.isfinite(true)
        within, width = (true >= lower) & (true <= upper), (upper - lower)[at_truth]
        bounded = width[np.isfinite(width)]
        scored["interval"] = {
            "coverage": float(within[at_truth].mean()) if at_truth.any() else float("nan"),
            "mean_width": float(bounded.mean()) if len(bounded) else float("nan"),
            "unbounded": len(width) - len(bounded),
        }
    return scored


def _without_curves(record: Mapping[str, object]) -> JsonObject:
    return {
        name: _without_curves(value) if isinstance(value, Mapping) else value
        for name, value in record.items()
        if name not in LARGE
    }
