"""Bars: one per name, and one per interval of a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from matdata.reports.markup import Html, number
from matdata.reports.svg.canvas import BOTTOM, Canvas, Plot, colour_of, shortened, text_width

WIDTH = 680.0
_BAR, _STEP = 18.0, 25.0


def horizontal_bars(
    bars: Sequence[tuple[str, int]], label: str, width: float = WIDTH, texts: Sequence[str] = ()
) -> Html:
    """A bar per name, its number at the end.

    Parameters
    ----------
    bars
        Name and number of each.
    label
        What the picture shows.
    texts
        What stands at the end of each instead of its number.
    """
    if not bars:
        return Html("")
    shown = list(texts) or [f"{count:,}" for _, count in bars]
    left = min(max(text_width(name) for name, _ in bars) + 12, 0.42 * width)
    right = max(map(text_width, shown)) + 14
    picture = Canvas(width, _STEP * len(bars) + 8, label)
    longest = max((count for _, count in bars), default=0) or 1
    for k, ((name, count), text) in enumerate(zip(bars, shown, strict=True)):
        y = 4 + _STEP * k
        length = (width - left - right) * count / longest
        picture.text(left - 8, y + 13, shortened(name, left - 8), "e")
        picture.rect(left, y, width - left - right, _BAR, "z")
        picture.rect(left, y, length, _BAR, "f1", f"{name}: {text}")
        picture.text(left + length + 6, y + 13, text, "m")
    return picture.html()


def grouped_bars(
    names: Sequence[str], shares: Mapping[str, Sequence[float]], label: str, width: float = WIDTH
) -> Html:
    """For each name a bar per group, as shares of the group in percent.

    Parameters
    ----------
    names
        Classes, from top to bottom.
    shares
        By group the share of each class, 0 to 1.
    """
    if not names or not shares:
        return Html("")
    high = 13.0
    left = min(max(map(text_width, names)) + 12, 0.42 * width)
    step = high * len(shares) + 10
    picture = Canvas(width, step * len(names) + 30, label)
    longest = max((max(one) for one in shares.values()), default=0.0) or 1.0
    room = width - left - 64
    for k, name in enumerate(names):
        y = 26 + step * k
        picture.text(left - 8, y + step / 2 - 1, shortened(name, left - 8), "e")
        for place, (group, parts) in enumerate(shares.items()):
            length = room * parts[k] / longest
            text = f"{100 * parts[k]:.1f} %"
            top = y + high * place
            colour = f"f{colour_of(group, place + 1)}"
            picture.rect(left, top, length, high - 2, colour, f"{name}, {group}: {text}")
            picture.text(left + length + 5, top + 9.5, text, "m s")
    x = left
    for place, group in enumerate(shares):
        picture.rect(x, 6, 14, 10, f"f{colour_of(group, place + 1)}")
        picture.text(x + 20, 15, group)
        x += text_width(group) + 44
    return picture.html()


def histogram(
    edges: npt.NDArray[np.float64],
    counts: Mapping[str, npt.NDArray[np.float64]],
    label: str,
    x_title: str,
    width: float = 400.0,
    height: float = 230.0,
    of: str = "materials",
) -> Html:
    """Numbers in intervals: one group as bars of counts, several as lines of shares.

    Parameters
    ----------
    edges : (n + 1,)
        Ends of the intervals.
    counts
        By group the number in each interval, (n,).
    of
        What is counted.
    """
    if len(edges) < 2 or not any(one.sum() for one in counts.values()):
        return Html("")
    several = len(counts) > 1
    heights = {
        name: 100 * one / max(float(one.sum()), 1.0) if several else one
        for name, one in counts.items()
    }
    top = max(float(one.max()) for one in heights.values()) * 1.06 or 1.0
    title = "share of the part (%)" if several else of
    ends = (float(edges[0]), float(edges[-1]))
    names = list(heights) if several else ()
    whole = bool((edges % 1 == 0.5).all())  # ends of intervals of whole numbers
    picture = Plot(width, height, label, ends, (0.0, top), x_title, title, names, whole)
    if not several:
        (only,) = heights.values()
        _bars(picture, edges, only)
        return picture.html()
    for place, (name, one) in enumerate(heights.items(), 1):
        k = colour_of(name, place)
        xs = np.repeat(edges, 2).tolist()
        ys = [0.0, *np.repeat(one, 2).tolist(), 0.0]
        points = [(picture.x(a), picture.y(b)) for a, b in zip(xs, ys, strict=True)]
        picture.path(points, f"f{k}", opacity=0.12)
        picture.path(points, f"l{k}")
    return picture.html()


def _bars(picture: Plot, edges: npt.NDArray[np.float64], counts: npt.NDArray[np.float64]) -> None:
    base = picture.height - BOTTOM
    for low, high, one in zip(
        edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True
    ):
        if one:
            x, top = picture.x(low), picture.y(one)
            hint = f"{number(low)} to {number(high)}: {int(one):,}"
            picture.rect(x, top, max(picture.x(high) - x - 0.6, 0.8), base - top, "f1", hint)
