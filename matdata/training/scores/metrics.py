"""Metrics over all materials of a part, never means of batch means."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from matdata.load.powers import power_of_two

Float = npt.NDArray[np.float64]


def regression(true: Float, predicted: Float, weights: Float | None = None) -> dict[str, float]:
    """Errors of predictions (n,) in the unit of the target.

    Parameters
    ----------
    weights : (n,), optional
        Weights of the materials; equal if not given.

    Returns
    -------
    dict
        ``mae``; ``rmse``; ``r2``, 1 less the squared error over the variance; ``mad``, the mean
        absolute deviation from the mean, and ``mad_mae``, its ratio to the MAE, which is near 1
        for a useless model and above 5 for a good one (Choudhary and DeCost 2021);
        ``max_error``; ``n``. Ratios that are not defined are NaN: `r2` of true values that are
        all equal, `mad_mae` of predictions that are all exact (`undefined` gives the reason).
        Neither unit nor offset of the target changes `r2` and `mad_mae`.
    """
    true, predicted = np.asarray(true, float), np.asarray(predicted, float)
    w = np.ones(len(true)) if weights is None else np.asarray(weights, float)
    if not len(true) or w.sum() <= 0:
        nothing = dict.fromkeys(("mae", "rmse", "r2", "mad", "mad_mae", "max_error"), np.nan)
        return {**nothing, "n": 0}
    w = w / w.sum()
    unit = power_of_two(np.concatenate([true, predicted]))
    error = np.abs(true / unit - predicted / unit)
    centred = true / unit - true[w > 0][0] / unit  # all 0 for a constant, and far from rounding
    deviation = centred - w @ centred if centred[w > 0].any() else np.zeros_like(centred)
    errors, deviations = power_of_two(error), power_of_two(deviation)
    squared, variance = w @ (error / errors) ** 2, w @ (deviation / deviations) ** 2
    mae, mad = float(w @ error), float(w @ np.abs(deviation))
    with np.errstate(over="ignore"):
        ratio = squared / variance * np.square(errors / deviations) if variance > 0 else np.nan
    return {
        "mae": mae * unit,
        "rmse": float(np.sqrt(squared)) * errors * unit,
        "r2": float(1.0 - ratio),
        "mad": mad * unit,
        "mad_mae": mad / mae if mae > 0 else np.nan,
        "max_error": float(error.max()) * unit,
        "n": len(true),
    }


def mean_with_error(values: Float) -> dict[str, float]:
    """Mean of values (n,) with its standard error, ``std / sqrt(n)`` of the sample.

    Returns
    -------
    dict
        ``mean``; ``standard_error``, NaN for fewer than two values; ``n``.
    """
    count = len(values)
    return {
        "mean": float(values.mean()) if count else float("nan"),
        "standard_error": float(values.std(ddof=1) / math.sqrt(count)) if count > 1 else math.nan,
        "n": count,
    }


#: Why a score has no value.
REASONS = {
    "r2": "all true values are equal",
    "mad_mae": "all predictions are exact",
    "elemd": "an element has no place on the modified Pettifor scale",
    "roc_auc": "a class is that of no material, or of all",
    "nll": "a predicted standard deviation is 0",
    "spearman": "the predicted standard deviations, or the errors, are all equal",
}


def undefined(scores: Mapping[str, object]) -> dict[str, str]:
    """Why scores have no finite value, by name."""
    reasons = {}
    for name, value in scores.items():
        if isinstance(value, float) and not math.isfinite(value):
            reason = REASONS.get(name, "it is beyond the range of float64")
            if scores.get("n") == 0:
                reason = "no true value is known"
            elif math.isinf(value):
                reason = "it is beyond the range of float64"
            reasons[name] = reason
    return reasons


def classification(true: npt.NDArray[np.generic], chances: Float) -> dict[str, float]:
    """Scores of probabilities (n, k) for true classes (n,).

    True classes that are none of ``0 .. k - 1``, which no training material had, have the
    probability 0.

    Returns
    -------
    dict
        ``accuracy``; ``roc_auc``, of class 1 if there are two, else the mean over classes against
        the rest; ``f1``, of class 1 if there are two, else the mean over classes; ``log_loss``;
        ``n``.
    """
    kinds = chances.shape[1]
    classes = _class_of(true, kinds)
    if not len(classes):
        return {**dict.fromkeys(("accuracy", "roc_auc", "f1", "log_loss"), np.nan), "n": 0}
    guess = chances.argmax(1)
    judged = [1] if kinds == 2 else list(range(kinds))
    of_true = np.where(classes >= 0, chances[np.arange(len(classes)), classes], 0.0)
    return {
        "accuracy": float(np.mean(guess == classes)),
        "roc_auc": float(np.mean([_roc_auc(classes == kind, chances[:, kind]) for kind in judged])),
        "f1": float(np.mean([_f1(classes == kind, guess == kind) for kind in judged])),
        "log_loss": float(-np.mean(np.log(np.clip(of_true, 1e-15, None)))),
        "n": len(classes),
    }


def confusion(true: npt.NDArray[np.generic], chances: Float) -> list[list[int]]:
    """Materials by true class (rows) and likeliest class (columns), k times k.

    True classes that are none of ``0 .. k - 1`` are not counted.
    """
    kinds = chances.shape[1]
    classes = _class_of(true, kinds)
    cells = (classes * kinds + chances.argmax(1))[classes >= 0]
    counts = np.bincount(cells, minlength=kinds * kinds).reshape(kinds, kinds)
    rows: list[list[int]] = counts.tolist()
    return rows


def _class_of(values: npt.NDArray[np.generic], kinds: int) -> npt.NDArray[np.int64]:
    """Classes (n,), -1 for what is none of ``0 .. kinds - 1``."""
    numbers = np.asarray(values, dtype=np.float64)
    is_index = (numbers >= 0) & (numbers < kinds) & (numbers == np.floor(numbers))
    return np.where(is_index, numbers, -1.0).astype(np.int64)


def _roc_auc(positive: npt.NDArray[np.bool_], score: Float) -> float:
    """Share of pairs in the right order, ties half (Hanley and McNeil 1982); NaN for one class."""
    yes, no = int(positive.sum()), int((~positive).sum())
    if not yes or not no:
        return float("nan")
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2.0  # mean rank of tied scores
    return float((ranks[place][positive].sum() - yes * (yes + 1) / 2.0) / (yes * no))


def _f1(positive: npt.NDArray[np.bool_], guess: npt.NDArray[np.bool_]) -> float:
    """``2 TP / (2 TP + FP + FN)``; 0 if there is nothing to find and nothing was found."""
    total = int(positive.sum() + guess.sum())
    return 2.0 * int((positive & guess).sum()) / total if total else 0.0


def dummies(train: Float, true: Float, weights: Float | None = None) -> dict[str, dict[str, float]]:
    """Metrics of predicting the mean, or the median, of the training part for all materials.

    `train` (m, ...) and `true` (n, ...) are numbers, or rows of an array target, which are scored
    over all columns together; `weights` are those of the known entries in their order. NaN is not
    known.
    """
    known = np.isfinite(true)
    guesses = {"dummy_mean": mean_of(train), "dummy_median": np.median(train, 0)}
    if not np.isfinite(train).all():
        guesses = {name: _of_known(train, name) for name in guesses}
    return {
        name: regression(true[known], np.broadcast_to(guess, true.shape)[known], weights)
        for name, guess in guesses.items()
    }


def _of_known(train: Float, name: str) -> Float:
    """Mean or median of the known values of each column; 0 where none is."""
    columns = [column[np.isfinite(column)] for column in train.T]
    statistic = np.mean if name == "dummy_mean" else np.median
    return np.array([statistic(column) if len(column) else 0.0 for column in columns])


def mean_of(values: Float) -> Float:
    """Mean along the first axis; exact where all values are equal, whatever they are."""
    if not len(values):
        return np.full(values.shape[1:], np.nan)
    mean: Float = values[0] + (values - values[0]).mean(axis=0)
    return mean


def dummy_class(
    train: npt.NDArray[np.generic], true: npt.NDArray[np.generic], kinds: int
) -> dict[str, dict[str, float]]:
    """Scores of the frequencies of the classes in the training part."""
    classes = _class_of(train, kinds)
    classes = classes[classes >= 0]
    shares = np.bincount(classes, minlength=kinds) / max(len(classes), 1)
    return {"dummy_frequencies": classification(true, np.tile(shares, (len(true), 1)))}
