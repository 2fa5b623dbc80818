"""Spectra: true beside predicted, with predicted standard deviations, and errors along the axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.core.units import with_unit
from matdata.figures.picture import Look, Picture, draw_band, plain

Float: TypeAlias = "npt.NDArray[np.float64]"


@dataclass(frozen=True, eq=False)
class Spectrum:
    """A spectrum of one material.

    Attributes
    ----------
    title
        What it is: its place in the ranking, material and error.
    true, predicted : (L,)
        NaN where the true value is not known.
    deviation : (L,), optional
        Predicted standard deviations.
    """

    title: str
    true: Float
    predicted: Float
    deviation: Float | None = None


def spectra(
    shown: Sequence[Spectrum],
    axis: tuple[str, str, Float],
    label: str,
    title: str,
    look: Look | None = None,
) -> Picture:
    """Some spectra, side by side.

    Parameters
    ----------
    shown
        From the best to the worst.
    axis
        Name, unit and points (L,) of the axis.
    label
        What is predicted, with its unit.
    """
    picture = Picture((max(4.6, 3.7 * len(shown)), 4.0), title, look or Look())
    name, unit, points = axis
    colours = picture.colours
    for place, (axes, one) in enumerate(zip(picture.panels(len(shown)), shown, strict=True)):
        if one.deviation is not None:
            draw_band(axes, points, one.predicted, one.deviation, color=colours.cycle[1], alpha=0.3)
        axes.plot(points, one.true, color=colours.cycle[0], linewidth=1.3, label="true")
        axes.plot(
            points, one.predicted, color=colours.cycle[1], linewidth=1.3, linestyle=(0, (4, 1.5)),
            label="predicted",
        )  # fmt: skip
        axes.set(xlabel=plain(with_unit(name, unit), 32))
        axes.set_xlim(float(points.min()), float(points.max()))
        if place == 0:
            axes.set_ylabel(plain(label, 46))
            picture.legend_beside(axes, loc="best")
        axes.set_title(plain(one.title, 38), loc="left", color=colours.ink, size=9)
    return picture


def along_axis(
    axis: tuple[str, str, Float],
    mae: Float,
    bias: Float,
    label: str,
    title: str,
    look: Look | None = None,
) -> Picture:
    """Mean absolute and mean error at each point of an axis; NaN where nothing is known.

    Parameters
    ----------
    axis
        Name, unit and points (L,) of the axis.
    mae, bias : (L,)
        In the unit of the target.
    label
        The unit of the errors, or empty.
    """
    picture = Picture((6.4, 4.2), title, look or Look())
    axes = picture.panel()
    name, unit, points = axis
    axes.axhline(0.0, color=picture.colours.grid, linewidth=1)
    axes.plot(points, mae, color=picture.colours.cycle[0], label="mean absolute error")
    axes.plot(
        points, bias, color=picture.colours.cycle[1], linestyle=(0, (4, 1.5)),
        label="mean error (predicted less true)",
    )  # fmt: skip
    axes.set(xlabel=plain(with_unit(name, unit), 60), ylabel=plain(with_unit("error", label), 40))
    axes.set_xlim(float(points.min()), float(points.max()))
    picture.legend_beside(axes, loc="best")
    return picture
