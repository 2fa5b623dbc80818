"""Intervals of numbers, in which reports count them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]

#: Fewest and most intervals.
FEWEST, BINS = 8, 40
#: Shares of the numbers that lie below and above the intervals, if few are very far out.
TAILS = (0.005, 0.995)
#: How much wider all numbers must lie than those between the tails.
_FAR = 8.0
#: Numbers that are larger have differences that no float holds, and are outside; smaller
#: differences have no steps between them, and whole numbers above the last lie far apart.
_LARGEST, _SMALLEST, _COUNTABLE = 1e300, 1e-300, 1e6


class Intervals(NamedTuple):
    """Ends of intervals, and how many numbers lie outside of all of them.

    Attributes
    ----------
    edges : (n + 1,)
        Ends; empty where there are no numbers.
    outside
        Numbers below the first or above the last.
    """

    edges: Float
    outside: int


def intervals(values: Float) -> Intervals:
    """Intervals for finite numbers (n,): one per integer where there are few, else up to `BINS`.

    A few numbers that are very far from the others are outside: else all others were in one.
    So are those beyond 1e300, whose differences are no floats.
    """
    finite = values[np.isfinite(values)]
    known = finite[np.abs(finite) <= _LARGEST]
    if not len(known):
        return Intervals(np.empty(0), len(finite))
    low, high = float(known.min()), float(known.max())
    if high - low < _SMALLEST:
        whole = low == int(low) and abs(low) < _COUNTABLE
        half = 0.5 if whole or abs(low) < _SMALLEST else abs(low) / 10
        return Intervals(np.array([low - half, high + half]), len(finite) - len(known))
    inner_low, inner_high = (float(q) for q in np.quantile(known, TAILS))
    if inner_high > inner_low and high - low > _FAR * (inner_high - inner_low):
        width = inner_high - inner_low
        low, high = max(low, inner_low - 0.1 * width), min(high, inner_high + 0.1 * width)
    whole = bool((known == np.floor(known)).all())
    if whole and high - low <= 3 * BINS:
        step = max(1, int(np.ceil((high - low + 1) / BINS)))
        several = int((high - low) // step) + 2
        edges = np.floor(low) + step * np.arange(several, dtype=np.float64) - 0.5
        if edges[-1] <= high:  # of numbers to which a half adds nothing
            edges = np.append(edges, np.nextafter(high, np.inf))
    else:
        # the rule of Rice: twice the cube root of their number
        several = int(np.clip(np.ceil(2 * len(known) ** (1 / 3)), FEWEST, BINS))
        edges = np.linspace(low, high, several + 1)
    edges = _apart(edges, low, high)
    outside = int(((finite < edges[0]) | (finite > edges[-1])).sum())
    return Intervals(edges, outside)


def _apart(edges: Float, low: float, high: float) -> Float:
    """Ends that differ: of numbers near 1e16 no float lies between two whole numbers."""
    apart = np.unique([min(float(edges[0]), low), *edges, max(float(edges[-1]), high)])
    return apart if len(apart) > 1 else np.array([low, np.nextafter(low, np.inf)])


def counted(values: Float, edges: Float) -> Float:
    """Finite numbers in each interval, (n,); empty where there are no intervals."""
    if len(edges) < 2:
        return np.empty(0)
    counts, _ = np.histogram(values[np.isfinite(values)], edges)
    return counts.astype(np.float64)
