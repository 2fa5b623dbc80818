"""Scores of the predictions of one target."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from matdata.core.digest import digest_json
from matdata.core.documents import JsonMapping, JsonObject
from matdata.training.prediction import Predictions
from matdata.training.scores.conditional_coverage import Surroundings, conditional_coverage
from matdata.training.scores.metrics import (
    classification,
    confusion,
    dummies,
    dummy_class,
    mean_of,
    mean_with_error,
    regression,
    undefined,
)
from matdata.training.scores.sequence_metrics import frequencies, word_sequences
from matdata.training.scores.set_metrics import mean_share, multi_label, shares
from matdata.training.scores.share_curves import share_curves
from matdata.training.scores.spectrum_scores import along_axis, by_point
from matdata.training.scores.uncertainty import calibration, half_width, unusable
from matdata.training.target import BOOLEAN, Target, Task
from matdata.training.word_sequences import words_of

Float = npt.NDArray[np.float64]
#: Classes up to which the record has their confusion matrix.
MATRIX_CLASSES = 64


def target_record(
    predictions: Predictions,
    target: Target,
    train: Float,
    shown: Sequence[str] = (),
    around: Surroundings | None = None,
) -> JsonObject:
    """Scores of one target over all its known entries.

    Parameters
    ----------
    predictions
        With true values.
    target
        One of theirs.
    train : (n, columns)
        True values of the training part, for the baselines.
    shown
        The scores that its objective names, in their order.
    around
        Of the materials, for coverage where it may be low; left out if not given.
    """
    true = predictions.truth(target)
    # of an array, points beyond the data are not known
    has_truth = np.asarray(np.isfinite(true).any(1))
    mean = predictions.column(target, predictions.mean)[has_truth]
    true, ids = true[has_truth], predictions.ids[has_truth]
    record: JsonObject = {
        "unit": target.unit,
        "task": target.task,
        "materials": int(has_truth.sum()),
        # which materials, with which values: runs that differ here are not ranked
        "truth_digest": digest_json([ids.tolist(), _values(target, true)]),
    }
    train = train[np.isfinite(train).any(1)]
    scored = SCORERS[target.task](target, true, mean, train)
    if shown:  # of shares of anything but elements none has an element mover's distance
        metrics = scored["metrics"]
        assert isinstance(metrics, dict)
        record["shown"] = [name for name in shown if name in metrics]
    if len(predictions.members) > 1 and len(ids):
        scored |= _members(predictions, target, true, has_truth)
    if target.task == "regression" and len(ids):
        scored |= _uncertainty(predictions, target, mean - true, has_truth, around)
    if target.task == "distribution" and len(ids):
        scored |= share_curves(predictions, target, true, train)
    return record | scored


def _numbers(target: Target, true: Float, mean: Float, train: Float) -> dict[str, object]:
    axis, known = target.axis, np.isfinite(true)
    weights = _weights(target, known)
    scored: dict[str, object] = {
        "metrics": regression(true[known], mean[known], weights),
        "baselines": dummies(train, true, weights),
    }
    if target.shape and len(true):
        scored["by_point"] = by_point(true, mean)
    if axis is not None and len(true):
        scored["along_axis"] = along_axis(true, mean, axis)
    return scored


#: Scores of single members, by task.
OF_MEMBERS: dict[Task, tuple[str, ...]] = {
    "regression": ("mae", "rmse", "r2"),
    "classification": ("accuracy", "roc_auc", "f1", "log_loss"),
}


def _members(
    predictions: Predictions, target: Target, true: Float, known: npt.NDArray[np.bool_]
) -> dict[str, object]:
    """Mean and standard error over the members of the scores that each has alone."""
    names = OF_MEMBERS.get(target.task)
    if names is None:
        return {}
    at_truth = np.isfinite(true)
    scores = []
    for member in predictions.members:
        mean = predictions.column(target, member)[known]
        if target.task == "regression":
            scores.append(regression(true[at_truth], mean[at_truth], _weights(target, at_truth)))
        else:
            scores.append(classification(true[:, 0], mean))
    found = {name: mean_with_error(np.array([one[name] for one in scores])) for name in names}
    return {
        "members": {
            "count": len(scores),
            "mean": {name: one["mean"] for name, one in found.items()},
            "standard_error": {name: one["standard_error"] for name, one in found.items()},
        }
    }


def _weights(target: Target, known: npt.NDArray[np.bool_]) -> Float | None:
    """Weights of the entries that are known, by the axis of the target; None for equal ones."""
    if target.axis is None or target.axis.weights is None:
        return None
    return np.tile(np.array(target.axis.weights), len(known))[known.ravel()]


def _uncertainty(
    predictions: Predictions,
    target: Target,
    error: Float,
    known: npt.NDArray[np.bool_],
    around: Surroundings | None,
) -> dict[str, object]:
    """What predicted standard deviations are worth, where there are any."""
    if predictions.total is None:
        return {}
    total = predictions.column(target, predictions.total)[known]
    if np.isnan(total).all():  # of a target whose objective learns none
        return {}
    why = unusable(total)
    if why:
        return {"undefined": {"uncertainty": why}}
    at_truth = np.isfinite(error)
    scored = calibration(error[at_truth], total[at_truth])
    if around is not None:
        within = np.where(at_truth, np.abs(error) <= half_width(0.9) * total, 0.0)
        share = within.sum(1) / at_truth.sum(1)
        scored["conditional_coverage_90"] = conditional_coverage(share, around.at(known))
    return {"uncertainty": scored}


def _classes(target: Target, true: Float, mean: Float, train: Float) -> dict[str, object]:
    scored: dict[str, object] = {
        "classes": list(target.labels),
        "metrics": classification(true[:, 0], mean),
    }
    if target.size <= MATRIX_CLASSES:
        scored["confusion"] = confusion(true[:, 0], mean)
    scored["baselines"] = dummy_class(train[:, 0], true[:, 0], target.size)
    return scored


def _labels(target: Target, true: Float, mean: Float, train: Float) -> dict[str, object]:
    guess = np.tile(mean_of(train), (len(true), 1))
    return {
        "classes": list(target.labels),
        "metrics": multi_label(true, mean),
        "baselines": {"dummy_frequencies": multi_label(true, guess)},
    }


def _shares(target: Target, true: Float, mean: Float, train: Float) -> dict[str, object]:
    guess = np.tile(mean_share(train), (len(true), 1))
    return {
        "metrics": shares(true, mean),
        "baselines": {"dummy_mean": shares(true, guess)},
    }


def _sequences(target: Target, true: Float, mean: Float, train: Float) -> dict[str, object]:
    guess = np.tile(frequencies(train, len(target.classes) + 1), (len(true), 1))
    return {
        "classes": list(target.labels),
        "metrics": word_sequences(true, mean),
        "baselines": {"dummy_frequencies": word_sequences(true, guess)},
    }


SCORERS: dict[Task, Callable[[Target, Float, Float, Float], dict[str, object]]] = {
    "regression": _numbers,
    "classification": _classes,
    "multi_label": _labels,
    "distribution": _shares,
    "sequence": _sequences,
}


def _values(target: Target, true: Float) -> list[object]:
    """True values, None where a point of an array is not known; of texts the classes, whose indices
    depend on the training part.
    """
    if target.task == "sequence":
        return list(words_of(true, target.labels))
    if not np.isfinite(true).all():
        return [[x if math.isfinite(x) else None for x in row] for row in true.tolist()]
    if target.task != "classification" or target.classes in ((), BOOLEAN):
        return list(true.tolist())
    return [target.classes[index] for index in true[:, 0].astype(np.int64).tolist()]


def undefined_scores(scored: JsonMapping) -> dict[str, str]:
    """Why scores of a target have no value, by name."""
    own = undefined({**scored["metrics"], **scored.get("uncertainty", {})})
    return {**scored.get("undefined", {}), **own}


def plain_values(value: object) -> object:
    """JSON values: None where a ratio is not defined."""
    if isinstance(value, Mapping):
        return {name: plain_values(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_values(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
