"""Power laws, fitted to errors over the number of materials."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PowerLaw:
    """``error = factor * n ** -exponent``, fitted to logarithms by least squares.

    Attributes
    ----------
    factor
        In the unit of the error.
    exponent
        Positive where more materials help.
    standard_error
        Of the exponent, from the residuals; None for two sizes, which leave none.
    """

    factor: float
    exponent: float
    standard_error: float | None

    def at(self, count: float) -> float:
        """The error with so many materials."""
        return self.factor * float(count**-self.exponent)


def power_law(counts: Sequence[float], errors: Sequence[float]) -> PowerLaw | None:
    """Fit ``log error = log factor - exponent log n`` by ordinary least squares.

    Parameters
    ----------
    counts, errors : (k,)
        Sizes of the training part, two different ones at least, and the errors with them.

    Returns
    -------
    PowerLaw, optional
        None if an error is 0 or not finite, or all sizes are the same.
    """
    x, y = np.log(np.asarray(counts, dtype=float)), np.asarray(errors, dtype=float)
    if len(set(counts)) < 2 or not (np.isfinite(y) & (y > 0)).all():
        return None
    y = np.log(y)
    off = x - x.mean()
    squares = float(off @ off)
    slope = float(off @ y) / squares
    intercept = float(y.mean() - slope * x.mean())
    residuals = y - intercept - slope * x
    degrees = len(x) - 2
    error = math.sqrt(float(residuals @ residuals) / degrees / squares) if degrees else None
    return PowerLaw(math.exp(intercept), -slope, error)
