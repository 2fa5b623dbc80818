"""Metrics of sequences of words."""

from __future__ import annotations

import numpy as np

from matdata.training.scores.set_metrics import LEAST
from matdata.training.word_sequences import Float


def word_sequences(true: Float, chances: Float) -> dict[str, float]:
    """Scores of probabilities (n, p * classes) of words by position, of which `true` (n, p) are
    right: the index of the class, NaN behind the end, negative where training had no such word.

    Returns
    -------
    dict
        ``token_accuracy``, the share of all words, ends included, at whose position the most
        probable one is right; ``sequence_accuracy``, the share of materials of which all are;
        ``log_loss``, the mean of ``-log p`` of the words; ``n``.
    """
    if not len(true):
        names = ("token_accuracy", "sequence_accuracy", "log_loss")
        return {**dict.fromkeys(names, float("nan")), "n": 0}
    by_position = chances.reshape(*true.shape, -1)
    known = np.isfinite(true)
    index = np.where(known, true, 0).astype(np.int64)
    right = (by_position.argmax(2) == index) & known
    picked = np.take_along_axis(by_position, np.maximum(index, 0)[..., None], 2)[..., 0]
    picked = np.clip(np.where(index < 0, 0.0, picked), LEAST, None)
    return {
        "token_accuracy": float(right.sum() / known.sum()),
        "sequence_accuracy": float((right | ~known).all(1).mean()),
        "log_loss": float(0.0 - np.log(picked[known]).mean()),
        "n": len(true),
    }


def frequencies(train: Float, classes: int) -> Float:
    """How often each class stands at each position of training sequences (m, p) that have it,
    (p * classes,): what a dummy predicts.
    """
    counts = (train[..., None] == np.arange(classes)).sum(0).astype(np.float64)
    total = counts.sum(1, keepdims=True)
    alike = np.full(counts.shape, 1.0 / classes)
    shares: Float = np.divide(counts, total, out=alike, where=total > 0)
    return shares.ravel()
