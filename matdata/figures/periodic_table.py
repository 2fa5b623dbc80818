"""One number per element on a periodic table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize, to_rgb
from matplotlib.patches import Rectangle

from matdata.core import elements
from matdata.core.periodic_table import SERIES, short, table_position
from matdata.figures.picture import TEXT, Look, Picture, integer_axis
from matdata.figures.styles import ink_on

SIZE = (9.6, 5.5)  # inches
GAP = 0.35  # between the table and its f elements, in cells
#: Ratio of the largest and the smallest number from which colours are logarithmic.
WIDE = 30.0


def periodic_table(
    values: Mapping[int, float], label: str, title: str, look: Look | None = None
) -> Picture:
    """Numbers as colours and figures on a periodic table; elements without one are grey.

    Parameters
    ----------
    values
        By atomic number; those that are not finite count as missing.
    label
        What they are, with their unit: the label of the colour bar.
    title
        Above the table.
    """
    picture = Picture(SIZE, title, look or Look())
    axes = picture.panel()
    axes.set_axis_off()
    axes.set(xlim=(0.45, 18.55), ylim=(9.55 + GAP, 0.45), aspect="equal")
    finite = {number: float(v) for number, v in values.items() if math.isfinite(v)}
    colours = _colours(picture, finite)
    symbols = elements.symbols()
    for number in range(1, len(symbols)):
        value = finite.get(number)
        face: Any = picture.colours.empty if value is None else colours.to_rgba(np.array(value))
        _cell(picture, axes, number, symbols[number], value, to_rgb(face))
    for (row, column), text in SERIES.items():
        axes.text(
            column, row, text, ha="center", va="center", size=5.5, color=picture.colours.muted
        )
    if finite:
        inside = axes.inset_axes((0.155, 0.835, 0.45, 0.04))
        bar = picture.colour_bar(colours, label, cax=inside, orientation="horizontal")
        if not isinstance(colours.norm, LogNorm) and all(v.is_integer() for v in finite.values()):
            integer_axis(bar.ax, "x")
        bar.ax.xaxis.set_label_position("top")
    else:
        axes.text(
            7, 2, "no element has a number", ha="center", size=TEXT, color=picture.colours.ink
        )
    return picture


def _cell(
    picture: Picture, axes: Axes, number: int, symbol: str, value: float | None,
    face: tuple[float, float, float],
) -> None:  # fmt: skip
    row, column = table_position(number)
    y = row + GAP if row > 7 else row
    edge = picture.colours.background
    axes.add_patch(Rectangle((column - 0.47, y - 0.47), 0.94, 0.94, facecolor=face, edgecolor=edge))
    ink = ink_on(*face)
    if value is None:
        ink = picture.colours.muted
    axes.text(column - 0.41, y - 0.4, str(number), size=5, color=ink, ha="left", va="top")
    middle = y + 0.05 if value is not None else y + 0.12
    axes.text(column, middle, symbol, size=9.5, weight="bold", color=ink, ha="center", va="center")
    if value is not None:
        axes.text(column, y + 0.41, short(value), size=6, color=ink, ha="center", va="bottom")


def _colours(picture: Picture, values: Mapping[int, float]) -> ScalarMappable:
    numbers = np.array(list(values.values()) or [0.0, 1.0])
    low, high = float(numbers.min()), float(numbers.max())
    name = picture.colours.sequential
    norm: Normalize
    if low < 0.0 < high:
        most = max(-low, high)
        norm, name = Normalize(-most, most), picture.colours.diverging
    elif low > 0.0 and high / low >= WIDE:
        norm = LogNorm(low, high)
    elif low == high:
        norm = Normalize(low - abs(low) / 2 - 0.5, high + abs(high) / 2 + 0.5)
    else:
        norm = Normalize(low, high)
    return ScalarMappable(norm, matplotlib.colormaps[name])
