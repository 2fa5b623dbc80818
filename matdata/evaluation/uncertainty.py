"""Whether predicted standard deviations tell how large the errors are."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
LEVELS = np.linspace(0.0, 1.0, 21)


def coverage(error: Float, spread: Float) -> tuple[Float, Float]:
    """Expected and observed share of materials within central intervals of a normal law.

    Parameters
    ----------
    error, spread : (n,)
        Prediction less truth, and the predicted standard deviation.

    Returns
    -------
    expected, observed : (21,)
    """
    inner = [NormalDist().inv_cdf((1.0 + level) / 2.0) for level in LEVELS[:-1]]
    observed = [_within(error, spread, width) for width in inner]
    return LEVELS, np.array([*observed, 1.0])


def _within(error: Float, spread: Float, width: float) -> float:
    """Share of errors of at most `width` standard deviations; a spread of 0 holds exact ones."""
    return float(np.mean(np.abs(error) <= width * spread))


def confidence_error(error: Float, spread: Float) -> dict[str, Float]:
    """MAE of the share of the materials whose predictions are the most confident.

    Returns
    -------
    dict
        ``share`` (20,) from 0.05 to 1; ``mae`` in the order of the spread; ``oracle`` in the
        order of the true error, the least that any order can give; ``random``, the MAE of all.
        Goodall 2022, 4.4 (confidence-error curves); Scalia et al. 2020.
    """
    absolute = np.abs(error)
    counts = np.maximum(1, np.round(LEVELS[1:] * len(error)).astype(int))
    heads = np.cumsum(absolute[np.argsort(spread, kind="stable")])
    best = np.cumsum(np.sort(absolute))
    return {
        "share": LEVELS[1:],
        "mae": heads[counts - 1] / counts,
        "oracle": best[counts - 1] / counts,
        "random": np.full(len(counts), absolute.mean()),
    }


def calibration(error: Float, spread: Float) -> dict[str, Any]:
    """Numbers that say how far spreads can be trusted.

    Parameters
    ----------
    error, spread : (n,)
        Prediction less truth, and the predicted standard deviation; n is at least 1. Their unit
        decides those numbers alone that have it.

    Returns
    -------
    dict
        ``miscalibration_area``, the area between observed and expected coverage, 0 to 0.5 (Tran
        et al. 2020); ``coverage_68`` and ``coverage_95``; ``nll``, the negative log-likelihood of
        a normal law, NaN where a spread is 0 (of a density, so another unit adds a constant);
        ``spearman`` of spread and absolute error; ``confidence_error_area``, the
        mean of the confidence-error curve over its oracle, in the unit of the target; and the
        curves.
    """
    expected, observed = coverage(error, spread)
    curve = confidence_error(error, spread)
    return {
        "miscalibration_area": float(np.trapezoid(np.abs(observed - expected), expected)),
        "coverage_68": _within(error, spread, NormalDist().inv_cdf(0.84)),
        "coverage_95": _within(error, spread, NormalDist().inv_cdf(0.975)),
        "nll": _likelihood(error, spread),
        "spearman": _spearman(spread, np.abs(error)),
        "confidence_error_area": float(np.mean(curve["mae"] - curve["oracle"])),
        "coverage": {"expected": expected.tolist(), "observed": observed.tolist()},
        "confidence_error": {name: values.tolist() for name, values in curve.items()},
    }


def _likelihood(error: Float, spread: Float) -> float:
    """Mean negative log-likelihood of a normal law."""
    if not (spread > 0).all():
        return float("nan")
    with np.errstate(over="ignore"):
        squares = (error / spread) ** 2
    return float(np.mean(0.5 * squares + np.log(spread) + 0.5 * np.log(2.0 * np.pi)))


def _ranks(values: Float) -> Float:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Float = (np.cumsum(counts) - (counts - 1) / 2.0)[place]
    return ranks


def _spearman(one: Float, other: Float) -> float:
    a, b = (ranks - ranks.mean() for ranks in (_ranks(one), _ranks(other)))
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale else float("nan")
