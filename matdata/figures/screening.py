"""What a screening keeps among all that was predicted, and which elements that contains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from matplotlib.collections import LineCollection

from matdata.figures.networks import layout
from matdata.figures.picture import TEXT, Look, Picture, counted, integer_axis, plain

Float = npt.NDArray[np.float64]
Pairs = Mapping[tuple[str, str], int]
WIDE, SQUARE = (6.4, 4.6), (6.4, 6.4)  # inches
#: Points above which a cloud is an image within vector graphics.
VECTORS = 3_000
#: Bars of the most frequent pairs; letters of the axes.
BARS, LETTERS = 20, 60
#: Diameter of nodes and width of the heaviest edge, points.
NODE, EDGE = 15.0, 6.0


@dataclass(frozen=True)
class Plane:
    """Two predicted numbers of each material.

    Attributes
    ----------
    x, y : (n,)
        NaN where there is none.
    kept : (n,) bool
        Whether the material is kept.
    labels
        Of both axes, with units.
    bands
        Parts of the first axis by their name.
    """

    x: Float
    y: Float
    kept: npt.NDArray[np.bool_]
    labels: tuple[str, str]
    bands: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def kept_among_all(plane: Plane, title: str, look: Look | None = None) -> Picture:
    """Both numbers of all materials, and those that are kept (Finder, figure 6c).

    The second axis is logarithmic where all of its numbers are positive and differ by more than a
    factor of 100.
    """
    picture = Picture(WIDE, title, look or Look())
    axes, colours = picture.panel(), picture.colours
    known = np.isfinite(plane.x) & np.isfinite(plane.y)
    for marks, label, colour, size in (
        (known & ~plane.kept, "not kept", colours.muted, 8),
        (known & plane.kept, "kept", colours.cycle[1], 22),
    ):
        axes.scatter(
            plane.x[marks], plane.y[marks], s=size, color=colour, linewidths=0,
            alpha=0.45 if label == "not kept" else 0.9, rasterized=bool(marks.sum() > VECTORS),
            label=f"{label}: {counted(int(marks.sum()), 'materials')}",
        )  # fmt: skip
    y = plane.y[known]
    if len(y) and y.min() > 0 and y.max() > 100 * y.min():
        axes.set_yscale("log")
    x_label, y_label = (plain(label, LETTERS) for label in plane.labels)
    axes.set(xlabel=x_label, ylabel=y_label)
    _draw_bands(picture, plane)
    picture.legend_beside(axes, loc="best")
    without = int((~known).sum())
    picture.headline(axes, f"{counted(without, 'materials')} without these numbers")
    return picture


def _draw_bands(picture: Picture, plane: Plane) -> None:
    """Lines where bands meet, with their names along the upper axis."""
    axes = picture.axes[0]
    low, high = axes.get_xlim()
    for name, (start, end) in plane.bands.items():
        if low < start < high:
            axes.axvline(start, color=picture.colours.grid, linewidth=1, zorder=0)
        seen = (max(start, low), min(end, high))
        if seen[1] - seen[0] > 0.12 * (high - low):
            axes.text(
                sum(seen) / 2, 0.985, plain(name), transform=axes.get_xaxis_transform(),
                ha="center", va="top", size=TEXT - 1, color=picture.colours.muted,
            )  # fmt: skip
    axes.set_xlim(low, high)


def frequent_pairs(pairs: Pairs, title: str, look: Look | None = None) -> Picture:
    """Compositions that contain two elements, for the most frequent pairs."""
    picture = Picture(WIDE, title, look or Look())
    axes = picture.panel()
    most = list(pairs.items())[:BARS]
    places = np.arange(len(most))
    axes.barh(places, [count for _, count in most], color=picture.colours.cycle[0], height=0.7)
    axes.set_yticks(places, [f"{one}–{other}" for (one, other), _ in most])
    axes.invert_yaxis()
    axes.set(xlabel="compositions")
    axes.set_xlim(left=0)
    integer_axis(axes, "x")
    picture.headline(axes, f"{len(most)} of {len(pairs):,} pairs" if pairs else "no pairs")
    return picture


def pair_network(pairs: Pairs, least: int, title: str, look: Look | None = None) -> Picture:
    """Elements, joined where enough compositions contain both (Finder, figure 6d).

    Parameters
    ----------
    pairs
        Compositions by pair of elements.
    least
        Compositions from which on a pair is joined; widths of edges are proportional to them.
    """
    picture = Picture(SQUARE, title, look or Look())
    axes, colours = picture.panel(), picture.colours
    joined = {pair: count for pair, count in pairs.items() if count >= least}
    names = sorted({name for pair in joined for name in pair})
    places = layout(len(names), [(names.index(a), names.index(b)) for a, b in joined])
    heaviest = max(joined.values(), default=1)
    lines = [places[[names.index(a), names.index(b)]] for a, b in joined]
    widths = [EDGE * count / heaviest for count in joined.values()]
    axes.add_collection(
        LineCollection(lines, linewidths=widths, colors=colours.cycle[0], alpha=0.5, zorder=1)
    )
    axes.plot(
        places[:, 0], places[:, 1], "o", markersize=NODE, color=colours.background,
        markeredgecolor=colours.ink, markeredgewidth=0.8, zorder=2,
    )  # fmt: skip
    for name, (x, y) in zip(names, places, strict=True):
        axes.text(x, y, name, ha="center", va="center_baseline", size=TEXT - 1,
                  color=colours.ink, zorder=3)  # fmt: skip
    axes.set(xlim=(-1.08, 1.08), ylim=(-1.08, 1.08), aspect="equal")
    axes.set_axis_off()
    most = f", at most {heaviest:,}" if joined else ""
    picture.headline(axes, f"{len(joined):,} pairs in {least:,} compositions or more{most}")
    return picture
