"""What coverage chance gives: intervals fitted to n values, looked at on m new ones."""

from __future__ import annotations

import math

import numpy as np


def coverage_band(law: tuple[int, int], tested: int, level: float = 0.99) -> tuple[float, float]:
    """Central band of the coverage of split-conformal intervals on exchangeable materials.

    The coverage given the validation part is Beta(a, b)-distributed with ``a`` the rank of the
    quantile and ``b = n + 1 - a`` (Vovk, Proc. Mach. Learn. Res. 25, 475, 2012, proposition 2a),
    so the number of tested values within is beta-binomial.

    Parameters
    ----------
    law
        a and b.
    tested
        True values that intervals are compared with, at least one.
    level
        Probability of the band.

    Returns
    -------
    low, high
        Shares of the tested values: below and above lies at most half of the rest each.
    """
    a, b = law
    k = np.arange(tested + 1)
    log = np.array([_log_beta(x + a, tested - x + b) + _log_choose(tested, x) for x in k.tolist()])
    below = np.cumsum(np.exp(log - _log_beta(a, b)))
    tail = (1.0 - level) / 2.0
    low = int(np.searchsorted(below, tail, side="right"))
    high = int(np.searchsorted(below, 1.0 - tail, side="left"))
    return low / tested, min(high, tested) / tested


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
