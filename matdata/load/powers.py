"""Units in which squares of numbers neither overflow nor vanish.

Division by a power of two changes no digit, so what is computed of the quotients has the same bits
whatever power of two the values are multiplied by.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Array


def powers_of_two(magnitudes: Array) -> npt.NDArray[np.float64]:
    """A power of two near each magnitude; 1 for one that is 0 or not finite."""
    usable = np.isfinite(magnitudes) & (magnitudes > 0)
    exponents = np.frexp(np.where(usable, magnitudes, 0.5))[1]
    return np.ldexp(1.0, np.minimum(exponents, 1023))


def power_of_two(values: npt.ArrayLike) -> float:
    """A power of two near the largest magnitude of some values."""
    return float(powers_of_two(np.abs(np.asarray(values, dtype=np.float64)).max(initial=0.0)))


def root_mean_square(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """``sqrt(mean(values ** 2))`` along the first axis."""
    unit = powers_of_two(np.abs(values).max(axis=0))
    roots: npt.NDArray[np.float64] = unit * np.sqrt(((values / unit) ** 2).mean(axis=0))
    return roots
