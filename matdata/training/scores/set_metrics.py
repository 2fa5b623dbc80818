"""Metrics of predictions that are neither one number nor one class: labels, shares."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.training.scores.element_movers import WIDTHS, element_movers_distance
from matdata.training.scores.metrics import mean_of

Float = npt.NDArray[np.float64]
#: Probabilities below count as this in logarithms.
LEAST = 1e-15


def multi_label(true: Float, chances: Float) -> dict[str, float]:
    """Scores of probabilities (n, k) of labels, of which 0 or 1 (n, k) is true.

    Returns
    -------
    dict
        ``subset_accuracy``, the share of materials with all labels right; ``hamming``, the share
        of wrong labels; ``f1_micro``, ``2 TP / (2 TP + FP + FN)`` over all labels; ``f1_macro``,
        its mean over labels (0 for one that is nowhere); ``f1_weighted``, its mean weighted by how
        many materials have the label (0 if none has any); ``log_loss``, the mean binary cross
        entropy; ``n``.
    """
    names = ("subset_accuracy", "hamming", "f1_micro", "f1_macro", "f1_weighted", "log_loss")
    if not len(true):
        return {**dict.fromkeys(names, float("nan")), "n": 0}
    real, guess = true > 0.5, chances > 0.5
    support = real.sum(0)
    both, either = (real & guess).sum(0), support + guess.sum(0)
    clipped = np.clip(np.where(real, chances, 1.0 - chances), LEAST, None)
    by_label = np.divide(2.0 * both, either, out=np.zeros(len(both)), where=either > 0)
    return {
        "subset_accuracy": float((real == guess).all(1).mean()),
        "hamming": float((real != guess).mean()),
        "f1_micro": float(2.0 * both.sum() / either.sum()) if either.sum() else 0.0,
        "f1_macro": float(by_label.mean()),
        "f1_weighted": float(support @ by_label / support.sum()) if support.any() else 0.0,
        "log_loss": float(-np.log(clipped).mean()),
        "n": len(true),
    }


def shares(true: Float, predicted: Float) -> dict[str, float]:
    """Distances of predicted shares (n, k) from true ones, whose sums need not be 1.

    Returns
    -------
    dict
        ``l1`` and ``l2``, means over materials of the sum of absolute differences and of the
        Euclidean distance; ``kl``, of ``sum p log(p / q)``; ``top1``, the share of materials whose
        largest share is that of the right element; of shares of the elements ``elemd``, the mean
        element mover's distance; ``n``.
    """
    elements = true.shape[1] in WIDTHS
    if not len(true):
        names = ("l1", "l2", "kl", "top1", *(["elemd"] if elements else []))
        return {**dict.fromkeys(names, float("nan")), "n": 0}
    real = true / true.sum(1, keepdims=True)
    ratio = np.where(real > 0, real, 1.0) / np.clip(np.where(real > 0, predicted, 1.0), LEAST, None)
    return {
        "l1": float(np.abs(predicted - real).sum(1).mean()),
        "l2": float(np.sqrt(((predicted - real) ** 2).sum(1)).mean()),
        "kl": float((real * np.log(ratio)).sum(1).mean()),
        "top1": float((predicted.argmax(1) == real.argmax(1)).mean()),
        **({"elemd": float(element_movers_distance(real, predicted).mean())} if elements else {}),
        "n": len(true),
    }


def mean_share(train: Float) -> Float:
    """The mean of shares (n, k) whose rows are scaled to the sum 1: what a dummy predicts."""
    whole = train.sum(1, keepdims=True)
    return mean_of(train / np.where(whole > 0, whole, 1.0))
