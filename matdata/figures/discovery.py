"""Pictures of a search for stable materials (Goodall 2022, thesis figures 6.6 to 6.12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from matdata.figures.picture import (
    NARROW,
    WIDE,
    Look,
    Picture,
    counted,
    draw_band,
    integer_axis,
    plain,
)

Float: TypeAlias = "npt.NDArray[np.float64]"
Int: TypeAlias = "npt.NDArray[np.int64]"
Bool: TypeAlias = "npt.NDArray[np.bool_]"
TALL = (8.4, 6.6)  # inches
DISTANCE = "distance to the hull (eV/atom)"
#: Errors that are drawn for comparison, eV/atom (Goodall 2022, figure 6.8).
COMPARED = (0.05, 0.1)
#: Candidates by whether they are stable and selected, in the order of the stacked bars.
CLASSES = {
    "TP": "stable, selected", "FN": "stable, missed", "FP": "selected only", "TN": "neither",
}  # fmt: skip
#: Points of a curve: more are not seen, and make large files.
MOST_POINTS = 2000
#: Width of the bars of a histogram of distances, eV/atom, and their number.
BAR, MOST_BARS = 0.02, 80
#: Share of the distances on each side that are beyond a histogram.
TAIL = 0.005


@dataclass(frozen=True, eq=False)
class Band:
    """A curve with its standard error.

    Attributes
    ----------
    x, y, deviation : (k,)
        Points; gaps where `y` is NaN, no band where `deviation` is.
    """

    x: Float
    y: Float
    deviation: Float


def rolling(bands: Mapping[str, Band], title: str, look: Look | None = None) -> Picture:
    """Mean absolute error in a window of true distances, and where it exceeds the distance.

    Parameters
    ----------
    bands
        By name the errors, eV/atom, over the true distance to the hull.
    """
    picture = Picture(NARROW, title, look or Look())
    axes, colours = picture.panel(), picture.colours
    tops = [float(np.nanmax(band.y)) for band in bands.values() if np.isfinite(band.y).any()]
    top = 1.15 * max([*tops, *COMPARED])
    low = min(float(band.x.min()) for band in bands.values())
    high = max(float(band.x.max()) for band in bands.values())
    wedge = np.array([min(low, -top), 0.0, max(high, top)])
    axes.fill_between(
        wedge, np.abs(wedge), np.maximum(np.abs(wedge), top), color=colours.grid, linewidth=0,
        label="error above |distance|",
    )  # fmt: skip
    for error in COMPARED:
        axes.axhline(error, color=colours.muted, linestyle=":", linewidth=0.8)
    for place, (name, band) in enumerate(bands.items()):
        colour = colours.cycle[place % len(colours.cycle)]
        axes.plot(band.x, band.y, color=colour, label=plain(name, 28))
        draw_band(axes, band.x, band.y, band.deviation, None, color=colour, alpha=0.25)
    axes.set(xlabel=f"true {DISTANCE}", ylabel="mean absolute error (eV/atom)")
    axes.set(xlim=(low, high), ylim=(0.0, top))
    picture.headline(axes, "window of 40 meV, with standard error")
    picture.legend_beside(axes, loc="upper right")
    return picture


def cumulative(
    precision: Float, recall: Float, selected: int, title: str, look: Look | None = None
) -> Picture:
    """Precision and recall of the first candidates, up to those that are predicted to be stable.

    Parameters
    ----------
    precision, recall : (k,)
        Of the first 1 to k candidates.
    selected
        How many are predicted to be stable: there the curves end; all are drawn if none is.
    """
    picture = Picture(WIDE, title, look or Look())
    end = selected or len(precision)
    shown = thinned(end)
    for axes, values, name, colour in zip(
        picture.panels(2), (precision, recall), ("precision", "recall"), picture.colours.cycle,
        strict=False,
    ):  # fmt: skip
        axes.plot(shown, values[shown - 1], color=colour)
        if end:
            axes.plot(end, values[end - 1], "o", color=colour, markersize=4)
            picture.headline(axes, f"{values[end - 1]:.3f} after {counted(end, 'candidates')}")
        axes.set(xlabel="candidates, best first", ylabel=name, ylim=(0.0, 1.02))
        axes.set_xlim(left=0)
        integer_axis(axes, "x", most=5)
    return picture


def enrichment(
    hits: Mapping[str, Int], title: str, look: Look | None = None, budget: int | None = None
) -> Picture:
    """Hits along a ranking, and by how much they are more frequent than at random.

    Parameters
    ----------
    hits
        By name how many of the first 1 to k candidates are hits, (k,) each.
    budget
        Where a line is drawn.
    """
    picture = Picture(WIDE, title, look or Look())
    first, second = picture.panels(2)
    colours = picture.colours
    for place, (name, counts) in enumerate(hits.items()):
        shown, colour = thinned(len(counts), logarithmic=True), colours.cycle[place]
        values = counts[shown - 1]
        if len(counts) and counts[-1]:
            share = counts[-1] / len(counts)
            first.plot(shown, values / shown / share, color=colour, label=name)
        second.plot(shown, values, color=colour, label=name)
    count = max((len(one) for one in hits.values()), default=0)
    first.axhline(1.0, color=colours.muted, linestyle=":", linewidth=1, label="at random")
    second.plot(thinned(count), thinned(count), color=colours.muted, linestyle=":", label="all")
    for axes, name in ((first, "enrichment"), (second, "hits")):
        axes.set(xlabel="candidates, best first", ylabel=name, xscale="log")
        axes.set_ylim(bottom=0.0)
        if budget is not None and budget <= count:
            axes.axvline(budget, color=colours.ink, linewidth=0.8)
        picture.legend_beside(axes, loc="best")
    second.set(yscale="log", ylim=(0.8, None))
    for axis in (first.xaxis, second.xaxis, second.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    return picture


def classification(
    true: Float, selections: Mapping[str, Float], title: str, look: Look | None = None
) -> Picture:
    """Candidates by true and by predicted distance, and by how they are classified at the hull.

    Parameters
    ----------
    true : (n,)
        True distances, eV/atom.
    selections
        By criterion what it compares with zero, (n,), eV/atom: the predicted distance, or that
        with its standard deviation.
    """
    size = WIDE if len(selections) == 1 else TALL
    picture = Picture(size, title, look or Look())
    rows = picture.subplots(len(selections), 2, squeeze=False)
    for (left, right), (name, values) in zip(rows, selections.items(), strict=True):
        both = np.isfinite(true) & np.isfinite(values)
        kinds = _classes(true[both] <= 0, values[both] <= 0)
        _stacked(picture, left, true[both], kinds)
        _stacked(picture, right, values[both], kinds)
        left.set(xlabel=f"true {DISTANCE}", ylabel="candidates")
        right.set(xlabel=f"predicted {DISTANCE}" if name == "mean" else f"{name} (eV/atom)")
        counts = ", ".join(f"{key} {int(marks.sum()):,}" for key, marks in kinds.items())
        picture.headline(left, f"{name}: {counts}")
    picture.legend_beside(rows[0][1], loc="best")
    return picture


def reliability(
    predicted: Float, observed: Float, count: Int, brier: float, title: str,
    look: Look | None = None,
) -> Picture:  # fmt: skip
    """Share of stable candidates over the predicted probability that they are.

    Parameters
    ----------
    predicted, observed : (b,)
        Of bins of probability; NaN in empty ones.
    count : (b,)
        Candidates in each.
    brier
        Brier score.
    """
    picture = Picture(WIDE, title, look or Look())
    first, second = picture.panels(2)
    colours = picture.colours
    first.plot([0, 1], [0, 1], color=colours.muted, linewidth=1, label="calibrated")
    first.plot(predicted, observed, "o-", color=colours.cycle[0], label="this run")
    first.set(xlabel="predicted P(stable)", ylabel="share that is stable")
    first.set(xlim=(0, 1), ylim=(0, 1))
    picture.headline(first, f"Brier score {brier:.4f}")
    picture.legend_beside(first, loc="best")
    edges = np.linspace(0.0, 1.0, len(count) + 1)
    second.bar(edges[:-1], count, np.diff(edges), align="edge", color=colours.cycle[0],
               edgecolor=colours.background)  # fmt: skip
    second.set(xlabel="predicted P(stable)", ylabel="candidates", xlim=(0, 1))
    return picture


def thinned(count: int, logarithmic: bool = False) -> Int:
    """Numbers from 1 to `count`, all or so many that a curve looks the same."""
    if count <= MOST_POINTS:
        return np.arange(1, count + 1)
    space = np.geomspace if logarithmic else np.linspace
    return np.unique(np.round(space(1, count, MOST_POINTS)).astype(np.int64))


def _classes(stable: Bool, selected: Bool) -> dict[str, Bool]:
    """Marks of true positives, false negatives, false positives and true negatives."""
    return {
        "TP": stable & selected,
        "FN": stable & ~selected,
        "FP": ~stable & selected,
        "TN": ~stable & ~selected,
    }


def _stacked(picture: Picture, axes: Axes, values: Float, kinds: Mapping[str, Bool]) -> None:
    """A histogram of distances whose bars are stacked by class, with an edge at zero."""
    picture.dress(axes)
    cycle = picture.colours.cycle
    if not len(values):
        return
    values = np.nextafter(values, -np.inf)  # what is on the hull is stable: its bar ends at zero
    low, high = np.quantile(values, [TAIL, 1 - TAIL]).tolist()
    width = BAR * max(1.0, np.ceil((high - low) / BAR / MOST_BARS))
    first, last = int(np.floor(low / width)), int(np.floor(high / width)) + 1
    axes.hist(
        [values[marks] for marks in kinds.values()],
        (np.arange(min(first, -1), max(last, 1) + 1) * width).tolist(),
        stacked=True,
        color=[cycle[2], cycle[4], cycle[1], cycle[0]],
        label=[f"{name}: {words}" for name, words in CLASSES.items()],
    )
    axes.axvline(0.0, color=picture.colours.ink, linewidth=0.8)
    integer_axis(axes, "y")
