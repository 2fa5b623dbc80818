"""Metrics of predictions that are neither one number nor one class: labels, shares."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
        its mean over labels (0 for one that is nowhere); ``log_loss``, the mean binary cross
        entropy; ``n``.
    """
    names = ("subset_accuracy", "hamming", "f1_micro", "f1_macro", "log_loss")
    if not len(true):
        return {**dict.fromkeys(names, float("nan")), "n": 0}
    real, guess = true > 0.5, chances > 0.5
    both, either = (real & guess).sum(0), real.sum(0) + guess.sum(0)
    clipped = np.clip(np.where(real, chances, 1.0 - chances), LEAST, None)
    by_label = np.divide(2.0 * both, either, out=np.zeros(len(both)), where=either > 0)
    return {
        "subset_accuracy": float((real == guess).all(1).mean()),
        "hamming": float((real != guess).mean()),
        "f1_micro": float(2.0 * both.sum() / either.sum()) if either.sum() else 0.0,
        "f1_macro": float(by_label.mean()),
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
        largest share is that of the right element; ``n``.
    """
    if not len(true):
        return {**dict.fromkeys(("l1", "l2", "kl", "top1"), float("nan")), "n": 0}
    real = true / true.sum(1, keepdims=True)
    ratio = np.where(real > 0, real, 1.0) / np.clip(np.where(real > 0, predicted, 1.0), LEAST, None)
    return {
        "l1": float(np.abs(predicted - real).sum(1).mean()),
        "l2": float(np.sqrt(((predicted - real) ** 2).sum(1)).mean()),
        "kl": float((real * np.log(ratio)).sum(1).mean()),
        "top1": float((predicted.argmax(1) == real.argmax(1)).mean()),
        "n": len(true),
    }
