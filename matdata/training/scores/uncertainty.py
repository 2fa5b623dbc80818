"""Quality of predicted standard deviations: coverage, confidence-error curves, calibration."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from matdata.training.scores.scoring_rules import check_score, crps, interval_score, sharpness

Float = npt.NDArray[np.float64]
LEVELS = np.linspace(0.0, 1.0, 21)
#: Of `miscalibration_area`: as many as uncertainty-toolbox takes.
FINE_LEVELS = np.linspace(0.0, 1.0, 100)
#: Percentages of central intervals whose coverage is a score, and those whose width is one.
PERCENTAGES, WIDTHS = (50, 68, 80, 90, 95), (50, 80, 90, 95)


def coverage(error: Float, deviation: Float, levels: Float = LEVELS) -> tuple[Float, Float]:
    """Expected and observed share of materials within central intervals of a normal distribution.

    Parameters
    ----------
    error, deviation : (n,)
        Prediction minus truth, and the predicted standard deviation, in one unit.
    levels : (k,)
        What is expected, from 0 to 1.

    Returns
    -------
    expected, observed : (k,)
    """
    half_widths = [half_width(level) for level in levels[:-1].tolist()]
    observed = [_within(error, deviation, width) for width in half_widths]
    return levels, np.array([*observed, 1.0])


def half_width(level: float) -> float:
    """Half the width of a normal distribution's central interval, in standard deviations."""
    return NormalDist().inv_cdf((1.0 + level) / 2.0)


def miscalibration_area(error: Float, deviation: Float) -> float:
    """Area between observed and expected coverage, 0 to 0.5 (Tran et al. 2020).

    That of uncertainty-toolbox: the curves are lines between 100 levels, which may cross.
    """
    expected, observed = coverage(error, deviation, FINE_LEVELS)
    first, last = np.abs(observed - expected)[:-1], np.abs(observed - expected)[1:]
    crossed = (observed - expected)[:-1] * (observed - expected)[1:] < 0
    total = first + last
    with np.errstate(invalid="ignore"):
        heights = np.where(crossed, (first**2 + last**2) / total, total)
    return float((np.diff(expected) * heights / 2.0).sum())


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


def unusable(deviation: Float) -> str:
    """Why standard deviations cannot be scored; empty if they can."""
    bad = int((~(np.isfinite(deviation) & (deviation >= 0))).sum())
    if not bad:
        return ""
    counts = f"{bad:,} of {deviation.size:,} predicted standard deviations"
    return f"{counts} are no finite numbers from 0 on"


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
        `miscalibration_area`; ``coverage_50``, ``_68``, ``_80``, ``_90`` and ``_95``, the shares
        of true values within central intervals of the normal distribution, and ``width_50``,
        ``_80``, ``_90`` and ``_95``, their mean widths; `sharpness`, the root mean square of the
        standard deviations; ``nll``, the negative log-likelihood of a normal distribution, NaN if
        a standard deviation is 0 (of a density, so another unit adds a constant); the proper
        scores ``crps``, ``check_score`` and ``interval_score`` (see `scoring_rules`);
        ``spearman`` of standard deviation and absolute error;
        ``confidence_error_area``, the mean excess of the confidence-error curve over its oracle, in
        the unit of the target; and the curves.
    """
    expected, observed = coverage(error, deviation)
    curve = confidence_error(error, deviation)
    return {
        "miscalibration_area": miscalibration_area(error, deviation),
        **intervals(error, deviation),
        "sharpness": sharpness(deviation),
        "nll": _likelihood(error, deviation),
        "crps": crps(error, deviation),
        "check_score": check_score(error, deviation),
        "interval_score": interval_score(error, deviation),
        "spearman": _spearman(deviation, np.abs(error)),
        "confidence_error_area": float(np.mean(curve["mae"] - curve["oracle"])),
        "coverage": {"expected": expected.tolist(), "observed": observed.tolist()},
        "confidence_error": {name: values.tolist() for name, values in curve.items()},
    }


def intervals(error: Float, deviation: Float) -> dict[str, float]:
    """Coverage and mean width of central intervals: ``coverage_90``, ``width_90``, …"""
    halves = {percent: half_width(percent / 100.0) for percent in PERCENTAGES}
    mean = float(deviation.mean())
    return {
        **{f"coverage_{p}": _within(error, deviation, half) for p, half in halves.items()},
        **{f"width_{percent}": 2.0 * halves[percent] * mean for percent in WIDTHS},
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
