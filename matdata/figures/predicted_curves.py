"""Arrays that are predicted for one material over their axis, with standard deviations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from matdata.figures.picture import Look, Picture, draw_band, plain

Float = npt.NDArray[np.float64]
SIZE = (6.4, 4.2)  # inches
LETTERS = 40


@dataclass(frozen=True)
class Curve:
    """One predicted array.

    Attributes
    ----------
    name
        What it is.
    values : (k,)
        What is predicted.
    deviation, true : (k,), optional
        Its standard deviations, and true values, where they are known.
    """

    name: str
    values: Float
    deviation: Float | None = None
    true: Float | None = None


@dataclass(frozen=True)
class Marks:
    """What is marked along the axis.

    Attributes
    ----------
    lines
        Places by name, such as ``crossover 2.31 eV``.
    regions
        Parts of the axis by name.
    """

    lines: Mapping[str, float] = field(default_factory=dict)
    regions: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def predicted_curves(
    points: Float,
    curves: Sequence[Curve],
    label: str,
    title: str,
    marks: Marks | None = None,
    look: Look | None = None,
) -> Picture:
    """Curves over one axis: lines for what is predicted, dashes for what is true.

    Parameters
    ----------
    points : (k,)
        The axis.
    curves
        Arrays on it.
    label
        Of the axis, with its unit.
    """
    picture = Picture(SIZE, title, look or Look())
    axes, colours = picture.panel(), picture.colours
    marks = marks or Marks()
    for curve, colour in zip(curves, colours.cycle, strict=False):
        name = plain(curve.name, LETTERS)
        if curve.deviation is not None:
            label_of_band = f"{name} ± one standard deviation"
            draw_band(
                axes, points, curve.values, curve.deviation, label_of_band,
                color=colour, alpha=0.25,
            )  # fmt: skip
        axes.plot(points, curve.values, color=colour, linewidth=1.4, label=f"{name}, predicted")
        if curve.true is not None:
            axes.plot(points, curve.true, color=colour, linewidth=1.0, linestyle="--",
                      label=f"{name}, true")  # fmt: skip
    axes.axhline(0.0, color=colours.muted, linewidth=0.8, zorder=0)
    for name, place in marks.lines.items():
        axes.axvline(place, color=colours.ink, linestyle=":", linewidth=1.2, label=plain(name))
    for name, (low, high) in marks.regions.items():
        axes.axvspan(low, high, color=colours.cycle[4], alpha=0.3, linewidth=0, label=plain(name))
    axes.set(xlabel=plain(label, LETTERS), ylabel="value")
    axes.set_xlim(float(np.min(points)), float(np.max(points)))
    picture.legend_beside(axes, loc="best")
    return picture
