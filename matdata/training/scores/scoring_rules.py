"""Proper scoring rules of normal distributions, and how sharp these are.

Names and conventions are those of uncertainty-toolbox (Chung et al., arXiv 2109.10254, 2021):
what ``crps_gaussian``, ``check_score``, ``interval_score`` and ``sharpness`` give there. Where a
standard deviation is 0 the distribution is one value, and the scores are their limits.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from matdata.load.powers import root_mean_square

Float = npt.NDArray[np.float64]
#: Levels of the quantiles and intervals that scores are means over.
PERCENT = np.linspace(0.01, 0.99, 99)


def sharpness(deviation: Float) -> float:
    """Root mean square of standard deviations (n,): small is sharp, which alone is no merit."""
    return float(root_mean_square(deviation))


def crps(error: Float, deviation: Float) -> float:
    """Mean continuous ranked probability score of normal distributions, in the target's unit.

    Gneiting and Raftery, J. Am. Stat. Assoc. 102, 359 (2007), eq. 21:
    ``s (z (2 Phi(z) - 1) + 2 phi(z) - 1/sqrt(pi))`` with ``z = error / s``; ``|error|`` where s
    is 0.

    Parameters
    ----------
    error, deviation : (n,)
        Prediction minus truth, and the predicted standard deviation, in one unit.
    """
    absolute = np.abs(error)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = np.minimum(absolute / deviation, 40.0)  # beyond it the densities are 0
    z = np.where(deviation > 0, z, 0.0)
    within = np.array([math.erf(x) for x in (z / math.sqrt(2.0)).tolist()])
    density = np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
    scores = absolute * within + deviation * (2.0 * density - 1.0 / math.sqrt(math.pi))
    return float(np.where(deviation > 0, scores, absolute).mean())


def check_score(error: Float, deviation: Float) -> float:
    """Mean check score (pinball loss) of the quantiles of 1 % to 99 %, in the target's unit."""
    scores = []
    for level in PERCENT.tolist():
        above = error + NormalDist().inv_cdf(level) * deviation  # quantile less truth
        scores.append(float(np.mean(((above >= 0) - level) * above)))
    return float(np.mean(scores))


def interval_score(error: Float, deviation: Float) -> float:
    """Mean interval score of the central intervals of 1 % to 99 %, in the target's unit.

    Gneiting and Raftery (2007), eq. 43: the width, and ``2 / (1 - level)`` times the distance of
    a true value that lies outside.
    """
    absolute, scores = np.abs(error), []
    for level in PERCENT.tolist():
        half = NormalDist().inv_cdf(0.5 + level / 2.0) * deviation
        outside = np.maximum(absolute - half, 0.0)
        scores.append(float(np.mean(2.0 * half + 2.0 / (1.0 - level) * outside)))
    return float(np.mean(scores))
