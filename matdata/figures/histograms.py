"""Distributions: of a column, of errors, of a column in the parts of a split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from matdata.core.documents import JsonObject
from matdata.core.units import with_unit
from matdata.figures.picture import Look, Picture, counted, integer_axis, plain

Float: TypeAlias = "npt.NDArray[np.float64]"
SIZE, WIDE = (5.6, 4.2), (9.0, 4.0)  # inches
#: Least width of a histogram, in its largest value: bins of equal numbers are no bins.
NARROWEST = 1e-3
#: The same of equal numbers.
CONSTANT = 0.2
#: Classes that a chart names; whole numbers up to which each has a bar.
MOST_CLASSES, MOST_WHOLE = 15, 60
#: How many times the median a bar is from which counts are logarithmic.
HIDING = 100
#: Numbers beyond it have differences that no float holds, and are in no bin.
LARGEST = 1e300


def histogram(
    values: npt.ArrayLike,
    name: str,
    unit: str = "1",
    title: str = "",
    look: Look | None = None,
    missing: int = 0,
) -> Picture:
    """The distribution of numbers (n,), of which those that are not finite count as missing."""
    numbers = np.asarray(values, dtype=np.float64)
    finite = numbers[np.isfinite(numbers)]
    picture = Picture(SIZE, title or name, look or Look())
    axes = picture.panel()
    axes.set(xlabel=plain(with_unit(name, unit), 60), ylabel="materials")
    picture.headline(axes, _summary(finite, missing + len(numbers) - len(finite)))
    if len(finite):
        _bars(axes, finite, picture.colours.cycle[0])
    else:
        axes.set(xticks=(), yticks=())
        where, ink = axes.transAxes, picture.colours.ink
        axes.text(0.5, 0.5, "no material has a number", transform=where, color=ink, ha="center")
    return picture


def _summary(values: Float, missing: int) -> str:
    parts = [counted(len(values), "materials")]
    if len(values):
        with np.errstate(over="ignore", invalid="ignore"):
            parts += [f"mean {values.mean():.4g}, median {np.median(values):.4g}"]
        if beyond := int((np.abs(values) > LARGEST).sum()):
            parts.append(f"{beyond:,} beyond {LARGEST:g} not drawn")
    return ", ".join([*parts, *([f"{missing:,} missing"] if missing else [])])


def bin_edges(values: Float, count: int | None = None) -> Float:
    """Edges of 10 to 60 bins over finite values; of whole numbers in a small range one for each.

    Values beyond `LARGEST` are in no bin.

    Parameters
    ----------
    values : (n,)
        What is counted.
    count
        For how many values bins are chosen; all if not given.
    """
    values = values[np.abs(values) <= LARGEST]
    if not len(values):
        return np.array([-0.5, 0.5])
    low, high = float(values.min()), float(values.max())
    if high - low <= MOST_WHOLE and bool((values == np.round(values)).all()) and abs(high) < 2**52:
        return np.arange(low - 0.5, high + 1.0)
    least = (CONSTANT if low == high else NARROWEST) * max(abs(low), abs(high)) or 1.0
    if high - low < least:
        middle = low + (high - low) / 2
        return np.linspace(middle - least / 2, middle + least / 2, 12)
    return np.linspace(low, high, min(60, max(10, (count or len(values)) // 10)) + 1)


def _bars(axes: Axes, values: Float, colour: str) -> None:
    """Bars of counts, logarithmic where one would hide all others."""
    edges = bin_edges(values)
    whole = edges[0] % 1 == 0.5 and edges[1] - edges[0] == 1.0
    counts, *_ = axes.hist(values, edges.tolist(), color=colour, rwidth=0.9 if whole else None)
    if whole:
        integer_axis(axes, "x")
    bars = np.asarray(counts)
    if bars.any() and bars.max() > HIDING * np.median(bars[bars > 0]):
        axes.set_yscale("log")
        axes.set(ylabel="materials (logarithmic)", ylim=(0.5, None))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else "")
    else:
        integer_axis(axes, "y")


def bar_chart(
    counts: Mapping[str, int],
    name: str,
    title: str = "",
    look: Look | None = None,
    missing: int = 0,
) -> Picture:
    """Materials by class, most frequent first; of many classes the most frequent."""
    ranked = Counter(dict(counts)).most_common()
    bars = [(plain(key, 28), count) for key, count in ranked[:MOST_CLASSES]]
    picture = Picture((6.6, 1.6 + 0.24 * max(3, len(bars))), title or name, look or Look())
    axes = picture.panel()
    total = sum(counts.values())
    heading = f"{counted(total, 'materials')}, {counted(len(ranked), 'classes')}"
    first = f" ({len(bars)} shown)" if len(bars) < len(ranked) else ""
    note = f", {missing:,} missing" if missing else ""
    picture.headline(axes, f"{heading}{first}{note}")
    horizontal_bars(picture, axes, bars)
    axes.set(xlabel="materials", ylabel=plain(name, 40))
    return picture


def horizontal_bars(picture: Picture, axes: Axes, bars: Sequence[tuple[str, int]]) -> None:
    """Bars from top to bottom, each with its number at its end."""
    places = range(len(bars))
    drawn = axes.barh(places, [count for _, count in bars], color=picture.colours.cycle[0])
    axes.set_yticks(places, [text for text, _ in bars])
    axes.invert_yaxis()
    labels = [f"{count:,}" for _, count in bars]
    axes.bar_label(drawn, labels=labels, padding=3, size=7, color=picture.colours.ink)
    axes.margins(x=0.18)
    axes.set_xlim(left=0)
    integer_axis(axes, "x", most=4)
    axes.spines[["top", "right"]].set_visible(False)


def errors(
    values: Float, name: str, unit: str, score: str, title: str = "", look: Look | None = None,
    entries: str = "materials",
) -> Picture:  # fmt: skip
    """The distribution of prediction less truth (n,), with the score on record above it."""
    picture = Picture(SIZE, title or name, look or Look())
    axes = picture.panel()
    values = values[np.isfinite(values)]
    if len(values):
        axes.hist(values, bins=bin_edges(values).tolist(), color=picture.colours.cycle[0])
        axes.axvline(0.0, color=picture.colours.ink, linewidth=1)
    label = plain(with_unit("predicted less true", unit), 60)
    axes.set(xlabel=label, ylabel=entries)
    picture.headline(axes, score)
    integer_axis(axes, "y")
    return picture


def split_parts(
    sizes: Mapping[str, int],
    values: Mapping[str, Float],
    name: str,
    unit: str = "1",
    title: str = "",
    look: Look | None = None,
) -> Picture:
    """Sizes of the parts of a split, and beside them the distribution of a column in each.

    Parameters
    ----------
    sizes
        Materials by part.
    values
        Numbers of the column by part; empty for no column.
    name, unit
        Of the column.
    """
    finite = {part: numbers[np.isfinite(numbers)] for part, numbers in values.items()}
    finite = {part: numbers for part, numbers in finite.items() if len(numbers)}
    picture = Picture(WIDE if finite else SIZE, title, look or Look())
    panels = picture.panels(2 if finite else 1, **({"width_ratios": (1, 1.5)} if finite else {}))
    total = sum(sizes.values())
    shares = [(f"{plain(part, 20)}, {n / max(total, 1):.1%}", n) for part, n in sizes.items()]
    horizontal_bars(picture, panels[0], shares)
    panels[0].set(xlabel="materials")
    picture.headline(panels[0], counted(total, "materials"))
    if finite:
        _overlaid(picture, panels[1], finite)
        panels[1].set(xlabel=plain(with_unit(name, unit), 60))
    return picture


def _overlaid(picture: Picture, axes: Axes, values: Mapping[str, Float]) -> None:
    """The distribution of finite numbers in each part, the first one filled."""
    edges = bin_edges(np.concatenate(list(values.values())), min(map(len, values.values())))
    first = next(iter(values))
    for (part, numbers), colour in zip(values.items(), picture.colours.cycle, strict=False):
        shape: JsonObject = {"histtype": "step", "linewidth": 1.5}
        if part == first:
            shape = {"alpha": 0.35}
        weights = np.full(len(numbers), 100.0 / len(numbers))
        label = plain(part, 20)
        axes.hist(numbers, edges.tolist(), weights=weights, label=label, color=colour, **shape)
    axes.set(ylabel="materials of the part (%)")
    picture.headline(axes, "distribution in each part")
    picture.legend_beside(axes, loc="best")
