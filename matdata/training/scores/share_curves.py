"""Curves of predicted compositions: how many are near enough, and errors of the most confident."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.training.prediction import Predictions
from matdata.training.scores.element_movers import (
    THRESHOLDS,
    WIDTHS,
    coverage,
    element_movers_distance,
)
from matdata.training.scores.set_metrics import mean_share
from matdata.training.scores.uncertainty import confidence_error
from matdata.training.target import Target

Float = npt.NDArray[np.float64]


def share_curves(
    predictions: Predictions, target: Target, true: Float, train: Float
) -> dict[str, object]:
    """Curves of the predicted shares of a target.

    Parameters
    ----------
    predictions
        Of any materials.
    target
        One of theirs, whose numbers are shares.
    true : (n, k)
        True shares of the materials that have them, scaled as the table has them.
    train : (m, k)
        Those of the training part.

    Returns
    -------
    dict
        Of shares of the elements ``element_coverage``: of each ``threshold`` of the element mover's
        distance the ``share`` of compositions that are at most so far off, and that of
        ``dummy_mean`` (Goodall 2022, figure 5.6). Of an ensemble ``confidence_error``: the curve of
        `matdata.training.scores.uncertainty.confidence_error`, with ``mean`` for its MAE, of
        ``error``, which is ``elemd`` or ``l1``, by the standard deviation of the composition over
        the members: the root of the trace of their covariance (figure 5.7).
    """
    has_truth = np.isfinite(predictions.truth(target)).all(1)
    mean = predictions.column(target, predictions.mean)[has_truth]
    real = true / true.sum(1, keepdims=True)
    curves: dict[str, object] = {}
    name, error = "l1", np.abs(mean - real).sum(1)
    if target.size in WIDTHS:
        distance = element_movers_distance(real, mean)
        guess = np.tile(mean_share(train), (len(real), 1))
        if np.isfinite(distance).all():
            name, error = "elemd", distance
            curves["element_coverage"] = {
                "threshold": THRESHOLDS.tolist(),
                "share": coverage(distance).tolist(),
                "dummy_mean": coverage(element_movers_distance(real, guess)).tolist(),
            }
    if predictions.epistemic is not None:
        deviation = predictions.column(target, predictions.epistemic)[has_truth]
        curve = confidence_error(error, np.sqrt((deviation**2).sum(1)))
        values = {key: numbers.tolist() for key, numbers in curve.items()}
        curves["confidence_error"] = {"error": name, "mean": values.pop("mae"), **values}
    return curves
