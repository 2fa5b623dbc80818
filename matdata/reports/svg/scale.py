"""From numbers to places in a picture: scales, and the marks of axes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from matdata.reports.markup import number

_NARROWEST = 1e-300  # below, there are no steps


@dataclass(frozen=True)
class Scale:
    """A linear scale.

    Attributes
    ----------
    low, high
        Numbers at its ends.
    start, end
        Places of its ends in the picture.
    whole
        Whether only whole numbers are marked.
    """

    low: float
    high: float
    start: float
    end: float
    whole: bool = False

    def __call__(self, value: float) -> float:
        """The place of a number."""
        width = self.high / 2 - self.low / 2  # halves, as their difference is always a float
        part = 0.5 if width == 0 else (value / 2 - self.low / 2) / width
        return self.start + part * (self.end - self.start)

    def marks(self, about: int = 5) -> list[tuple[float, str]]:
        """Round numbers on it, and how they are written."""
        found = [(value, mark_text(value, step)) for value, step in _marks(self, about)]
        for digits in range(4, 18):  # as many as numbers need that are far from zero
            if len({text for _, text in found}) == len(found):
                break
            found = [(value, number(value, digits)) for value, _ in found]
        return found


def _marks(scale: Scale, about: int) -> list[tuple[float, float]]:
    low, high = sorted((scale.low, scale.high))
    if high - low < _NARROWEST or not math.isfinite(high - low):
        return [(low, 1.0)] if math.isfinite(low) else []
    step = nice_step((high - low) / max(about, 1))
    if scale.whole:
        step = max(1.0, float(math.ceil(step)))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [(k * step, step) for k in range(first, last + 1)]


def nice_step(width: float) -> float:
    """The smallest of 1, 2, 2.5 and 5 times a power of ten that is at least `width`."""
    power = 10.0 ** math.floor(math.log10(width))
    return power * next(one for one in (1.0, 2.0, 2.5, 5.0, 10.0) if one * power >= width * 0.999)


def mark_text(value: float, step: float) -> str:
    """A mark with as many decimals as its step needs."""
    if value and not 1e-4 <= max(abs(value), step) < 1e6:
        return number(value, 3)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if round(step * 10**decimals, 6) % 1:
        decimals += 1
    return f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", "−")


def place(value: float) -> str:
    """A coordinate with one decimal, so that equal data give equal bytes on any machine."""
    text = f"{value:.1f}"
    return text.removesuffix(".0").replace("-0", "0") if text == "-0.0" else text.removesuffix(".0")
