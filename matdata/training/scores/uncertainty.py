"""Quality of predicted standard deviations: coverage, confidence-error curves, calibration."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
LEVELS = np.linspace(0.0, 1.0, 21)


def coverage(error: Float, deviation: Float) -> tuple[Float, Float]:
    """Expected and observed share of materials within central intervals of a normal distribution.

    Parameters
    ----------
    error, deviation : (n,)
        Prediction minus truth, and the predicted standard deviation, in one unit.

    Returns
    -------
    expected, observed : (21,)
    """
    half_widths = [NormalDist().inv_cdf((1.0 + level) / 2.0) for level in LEVELS[:-1]]
    observed = [_within(error, deviation, width) for width in half_widths]
    return LEVELS, np.array([*observed, 1.0])


def _within(error: Float, deviation: Float, width: float) -> float:
    """Share of errors of at most `width` standard deviations; 0 covers exact predictions only."""
    return float(np.mean(np.abs(error) <= width * deviation))


def confidence_error(error: Float, deviation: Float) -> dict[str, Float]:
    """MAE over the most confident share of the materials.

    Returns
    -------
    dict
        ``share`` (20,) from 0.05 to 1; ``mae`` in the order of the standard deviation; ``oracle``
        in the order of the true error, the minimum over all orders; ``random`` and
        ``random_std``, mean and standard deviation over all orders, which follow from those of the
        errors (sampling without replacement; W. G. Cochran, Sampling Techniques, 1977, 2.4).
        Goodall 2022, 4.4 (confidence-error curves, with 500 orders drawn); Scalia et al. 2020.
    """
    absolute = np.abs(error)
    counts = np.maximum(1, np.round(LEVELS[1:] * len(error)).astype(int))
    cumulated = np.cumsum(absolute[np.argsort(deviation, kind="stable")])
    best_cumulated = np.cumsum(np.sort(absolute))
    rest = len(error) - counts
    return {
        "share": LEVELS[1:],
        "mae": cumulated[counts - 1] / counts,
        "oracle": best_cumulated[counts - 1] / counts,
        "random": np.full(len(counts), absolute.mean()),
        "random_std": absolute.std() * np.sqrt((rest / max(len(error) - 1, 1)) / counts),
    }


def calibration(error: Float, deviation: Float) -> dict[str, object]:
    """Metrics of the reliability of predicted standard deviations.

    Parameters
    ----------
    error, deviation : (n,)
        Prediction minus truth, and the predicted standard deviation; n is at least 1. Their unit
        affects only the metrics that have it.

    Returns
    -------
    dict
        ``miscalibration_area``, the area between observed and expected coverage, 0 to 0.5 (Tran
        et al. 2020); ``coverage_68`` and ``coverage_95``; ``nll``, the negative log-likelihood of
        a normal distribution, NaN if a standard deviation is 0 (of a density, so another unit adds
        a constant); ``spearman`` of standard deviation and absolute error;
        ``confidence_error_area``, the mean excess of the confidence-error curve over its oracle, in
        the unit of the target; and the curves.
    """
    expected, observed = coverage(error, deviation)
    curve = confidence_error(error, deviation)
    return {
        "miscalibration_area": float(np.trapezoid(np.abs(observed - expected), expected)),
        "coverage_68": _within(error, deviation, NormalDist().inv_cdf(0.84)),
        "coverage_95": _within(error, deviation, NormalDist().inv_cdf(0.975)),
        "nll": _likelihood(error, deviation),
        "spearman": _spearman(deviation, np.abs(error)),
        "confidence_error_area": float(np.mean(curve["mae"] - curve["oracle"])),
        "coverage": {"expected": expected.tolist(), "observed": observed.tolist()},
        "confidence_error": {name: values.tolist() for name, values in curve.items()},
    }


def _likelihood(error: Float, deviation: Float) -> float:
    """Mean negative log-likelihood of a normal distribution."""
    if not (deviation > 0).all():
        return float("nan")
    with np.errstate(over="ignore"):
        squares = (error / deviation) ** 2
    return float(np.mean(0.5 * squares + np.log(deviation) + 0.5 * np.log(2.0 * np.pi)))


def _ranks(values: Float) -> Float:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Float = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return ranks


def _spearman(first: Float, second: Float) -> float:
    a, b = (ranks - ranks.mean() for ranks in (_ranks(first), _ranks(second)))
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale else float("nan")
