"""Residuals: against a normal distribution, their sizes, and what predicted noise is made of."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from matdata.core.units import with_unit
from matdata.figures.histograms import bin_edges
from matdata.figures.picture import Look, Picture, counted, plain

Float: TypeAlias = "npt.NDArray[np.float64]"
#: Points of a curve; more are not seen.
MOST = 2_000
#: Shares of the errors that the curve of their sizes names.
NAMED = (50, 90)


def residuals(
    error: Float,
    deviation: Float | None,
    unit: str,
    title: str,
    look: Look | None = None,
    log_ratio: Float | None = None,
    beside: Mapping[str, Float] | None = None,
) -> Picture:
    """Q-Q plot, cumulative distribution of absolute errors, and of aleatoric over epistemic.

    Parameters
    ----------
    error : (n,)
        Prediction less truth; what is not finite is left out.
    deviation : (n,), optional
        Predicted standard deviations, in which the residuals are measured; else their own.
    unit
        Of the target.
    log_ratio : (n,), optional
        log10 of the aleatoric over the epistemic standard deviation.
    beside
        Absolute errors of other runs on the same materials, by name.
    """
    width = 12.0 if log_ratio is not None else 8.4
    picture = Picture((width, 4.2), title, look or Look())
    panels = picture.panels(3 if log_ratio is not None else 2)
    _draw_quantiles(picture, panels[0], error, deviation)
    _draw_sizes(picture, panels[1], error, unit, beside or {})
    if log_ratio is not None:
        _draw_ratio(picture, panels[2], log_ratio)
    return picture


def normal_quantiles(count: int) -> Float:
    """Quantiles of a normal distribution at ``(k - 1/2) / n`` (Hazen), (n,)."""
    law = NormalDist()
    return np.array([law.inv_cdf((k + 0.5) / count) for k in range(count)])


def standardised(error: Float, deviation: Float | None) -> Float:
    """Residuals in predicted standard deviations, or less their mean in their own, ascending;
    those that are not finite are left out."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (error - error.mean()) / error.std() if deviation is None else error / deviation
    ordered: Float = np.sort(ratio[np.isfinite(ratio)])
    return ordered


def _draw_quantiles(picture: Picture, axes: Axes, error: Float, deviation: Float | None) -> None:
    ordered = standardised(error, deviation)
    expected = normal_quantiles(len(ordered)) if len(ordered) else ordered
    places = _thinned(len(ordered))
    colours = picture.colours
    end = float(np.abs(expected).max(initial=1.0))
    axes.plot([-end, end], [-end, end], color=colours.muted, linewidth=1, label="normal")
    axes.plot(expected[places], ordered[places], ".", markersize=4, color=colours.cycle[0],
              label="residuals")  # fmt: skip
    own = "predicted" if deviation is not None else "their own"
    axes.set(xlabel="normal quantile", ylabel=f"residual / {own} deviation")
    left = len(error) - len(ordered)
    most = max(2.0 * end, 2.0 * float(np.quantile(np.abs(ordered), 0.98))) if len(ordered) else 1.0
    beyond = int((np.abs(ordered) > most).sum())
    if beyond:
        axes.set_ylim(-most, most)
    picture.headline(
        axes,
        "Q-Q"
        + (f", {left:,} with deviation 0 left out" if left else "")
        + (f", {beyond:,} beyond the axis" if beyond else ""),
    )
    picture.legend_beside(axes, loc="best")


def _draw_sizes(
    picture: Picture, axes: Axes, error: Float, unit: str, beside: Mapping[str, Float]
) -> None:
    colours = picture.colours
    own = np.sort(np.abs(error))
    curves = {"this run": own, **{plain(k, 24): np.sort(v) for k, v in beside.items()}}
    for place, (name, ordered) in enumerate(curves.items()):
        shown = _thinned(len(ordered))
        share = 100.0 * np.arange(1, len(ordered) + 1) / max(len(ordered), 1)
        colour = colours.cycle[0 if not place else (place + 2) % len(colours.cycle)]
        axes.plot(ordered[shown], share[shown], label=name, color=colour)
    if len(own):
        texts = [f"{p} % below {np.quantile(own, p / 100):.3g}" for p in NAMED]
        picture.headline(axes, ", ".join(texts))
        axes.set_xlim(0, float(np.quantile(own, 0.995)) or 1.0)
    axes.set(xlabel=plain(with_unit("absolute error", unit), 50), ylabel="materials (%)")
    axes.set_ylim(0, 100)
    picture.legend_beside(axes, loc="lower right")


def _draw_ratio(picture: Picture, axes: Axes, log_ratio: Float) -> None:
    finite = log_ratio[np.isfinite(log_ratio)]
    if len(finite):
        axes.hist(finite, bins=bin_edges(finite).tolist(), color=picture.colours.cycle[0])
        larger = float((finite > 0).mean())
        picture.headline(
            axes, f"aleatoric larger for {larger:.0%} of {counted(len(finite), 'entries')}"
        )
    axes.axvline(0.0, color=picture.colours.ink, linewidth=1)
    axes.set(xlabel="log10(aleatoric / epistemic)", ylabel="entries")


def _thinned(count: int) -> npt.NDArray[np.int64]:
    """Places of a curve, both ends among them, where all change most slowly left out."""
    if count <= MOST:
        return np.arange(count)
    ends = np.arange(MOST // 4)
    middle = np.linspace(0, count - 1, MOST // 2).astype(np.int64)
    return np.unique(np.concatenate([ends, middle, count - 1 - ends]))
