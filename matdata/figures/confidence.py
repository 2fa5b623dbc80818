"""How errors fall where the least certain are left out, and how many compositions are near."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from matdata.core.documents import JsonMapping
from matdata.figures.picture import NARROW, WIDE, Look, Picture, draw_band, plain

#: What errors of shares are called.
ERRORS = {
    "elemd": "mean element mover's distance (steps)",
    "l1": "mean sum of absolute differences",
}


def draw_confidence(
    picture: Picture,
    axes: Axes,
    curve: JsonMapping,
    label: str,
    beside: Mapping[str, JsonMapping] | None = None,
) -> None:
    """Draw a confidence-error curve (Goodall 2022, figures 4.3 and 5.7).

    Parameters
    ----------
    curve
        Of `matdata.training.scores.uncertainty.confidence_error`; the mean error is its ``mae`` or
        ``mean``.
    label
        Of the errors.
    beside
        Curves of other runs on the same materials, by name.
    """
    percentages = 100.0 * np.array(curve["share"])
    colours = picture.colours
    axes.plot(percentages, _mean(curve), "-", label="by predicted deviation",
              color=colours.cycle[0])  # fmt: skip
    for place, (name, other) in enumerate((beside or {}).items(), 3):
        colour = colours.cycle[place % len(colours.cycle)]
        axes.plot(percentages, _mean(other), "-.", label=plain(name, 24), color=colour)
    random = np.array(curve["random"])
    axes.plot(percentages, random, ":", label="in random order", color=colours.muted)
    if "random_std" in curve:
        band = np.array(curve["random_std"])
        draw_band(axes, percentages, random, band, color=colours.muted, alpha=0.25)
    axes.plot(percentages, curve["oracle"], "--", label="by true error (best possible)",
              color=colours.cycle[2])  # fmt: skip
    axes.set(xlabel="most confident materials (%)", ylabel=label, xlim=(0, 100))
    axes.set_ylim(bottom=0.0)
    picture.headline(axes, "error of the most confident")
    picture.legend_beside(axes, loc="best")


def _mean(curve: JsonMapping) -> list[float]:
    """The mean errors of a curve."""
    values: list[float] = curve["mean" if "mean" in curve else "mae"]
    return values


def compositions(
    scored: JsonMapping,
    title: str,
    look: Look | None = None,
    beside: Mapping[str, JsonMapping] | None = None,
) -> Picture:
    """Curves of predicted compositions: coverage, and errors of the most confident.

    Parameters
    ----------
    scored
        Of `matdata.training.scores.share_curves.share_curves`: one of its curves, or both.
    beside
        The same of other runs on the same materials, by name.
    """
    names = [name for name in ("element_coverage", "confidence_error") if name in scored]
    others = beside or {}
    picture = Picture(WIDE if len(names) > 1 else NARROW, title, look or Look())
    for axes, name in zip(picture.panels(len(names)), names, strict=True):
        same = {run: one[name] for run, one in others.items() if name in one}
        if name == "element_coverage":
            _draw_coverage(picture, axes, scored[name], same)
        else:
            curve = scored[name]
            same = {run: one for run, one in same.items() if one["error"] == curve["error"]}
            draw_confidence(picture, axes, curve, ERRORS[curve["error"]], same)
    return picture


def _draw_coverage(
    picture: Picture, axes: Axes, covered: JsonMapping, beside: Mapping[str, JsonMapping]
) -> None:
    """Share of compositions within an element mover's distance (figure 5.6)."""
    colours = picture.colours
    x = covered["threshold"]
    axes.plot(x, 100.0 * np.array(covered["share"]), color=colours.cycle[0], label="this run")
    for place, (name, other) in enumerate(beside.items(), 3):
        colour = colours.cycle[place % len(colours.cycle)]
        axes.plot(x, 100.0 * np.array(other["share"]), "-.", label=plain(name, 24), color=colour)
    axes.plot(x, 100.0 * np.array(covered["dummy_mean"]), ":", color=colours.muted,
              label="mean composition")  # fmt: skip
    axes.set(xlabel="element mover's distance (steps)", ylabel="compositions within it (%)")
    axes.set(xlim=(0, x[-1]), ylim=(0, 100))
    picture.headline(axes, "compositions that are near enough")
    picture.legend_beside(axes, loc="best")
