"""Scores of array targets point by point, and along their axis."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.training.axis import Axis

Float = npt.NDArray[np.float64]


def by_point(true: Float, predicted: Float) -> dict[str, float]:
    """Means over the points (columns) of an array target of what is defined for each.

    Scores of all values together (`metrics.regression`) count differences between the points as
    variance; these do not. Values (n, k) that are NaN are not known.

    Returns
    -------
    dict
        ``mae``, ``rmse``; ``r2``, over points whose true values differ (scikit-learn's mean over
        outputs); ``mad``, the mean absolute deviation from the mean of each point; ``mad_mae``,
        the mean of its ratio to the MAE, over points with errors; ``points``, how many have an
        `r2`.
    """
    known = np.isfinite(true)
    counts = known.sum(0)
    there = counts > 0
    true, predicted, known = true[:, there], predicted[:, there], known[:, there]
    counts = counts[there]

    def mean(values: Float) -> Float:
        return np.asarray(np.where(known, values, 0.0).sum(0) / counts)

    centred = np.where(known, true - mean(true), 0.0)
    error = np.where(known, predicted - true, 0.0)
    variance, squared = mean(centred**2), mean(error**2)
    mae, mad = mean(np.abs(error)), mean(np.abs(centred))
    varied, wrong = variance > 0, mae > 0
    ratios, qualities = 1.0 - squared[varied] / variance[varied], mad[wrong] / mae[wrong]
    return {
        "mae": _mean(mae),
        "rmse": _mean(np.sqrt(squared)),
        "r2": _mean(ratios),
        "mad": _mean(mad),
        "mad_mae": _mean(qualities),
        "points": int(varied.sum()),
    }


def _mean(values: Float) -> float:
    return float(values.mean()) if len(values) else float("nan")


def along_axis(true: Float, predicted: Float, axis: Axis) -> dict[str, object]:
    """Errors along an axis.

    Parameters
    ----------
    true, predicted : (n, L)
        NaN where a true value is not known.
    axis
        Of the target.

    Returns
    -------
    dict
        ``integral``, the mean over materials of the absolute error of the integral along the axis,
        and ``integrated``, of the integral of the absolute error (trapezoidal rule; in the unit of
        the target times that of the axis; of materials known at all points); ``points``, ``mae``
        and ``bias``, the mean absolute and mean error at each point, None where nothing is known.
    """
    known = np.isfinite(true)
    error = np.where(known, predicted - true, np.nan)
    whole = error[known.all(1)]
    points = np.array(axis.values)
    sign = 1.0 if points[-1] > points[0] else -1.0
    nothing = not len(whole) or len(points) < 2
    counts = known.sum(0)
    filled = np.where(known, predicted - true, 0.0)
    with np.errstate(invalid="ignore"):
        mae, bias = np.abs(filled).sum(0) / counts, filled.sum(0) / counts
    return {
        "integral": np.nan if nothing else float(np.abs(np.trapezoid(whole, points)).mean()),
        "integrated": np.nan
        if nothing
        else sign * float(np.trapezoid(np.abs(whole), points).mean()),
        "points": points.tolist(),
        "mae": mae.tolist(),
        "bias": bias.tolist(),
    }


def errors_of_rows(true: Float, predicted: Float) -> Float:
    """Mean absolute error of each material (n,) over its known points; NaN where none is."""
    known = np.isfinite(true)
    error = np.where(known, np.abs(predicted - true), 0.0).sum(1)
    with np.errstate(invalid="ignore"):
        return np.asarray(error / known.sum(1))
