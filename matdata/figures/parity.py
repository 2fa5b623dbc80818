"""Predicted against true values, with predicted standard deviations and their calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.units import with_unit
from matdata.figures.curves import draw_calibration
from matdata.figures.picture import Look, Picture, counted, plain

Float: TypeAlias = "npt.NDArray[np.float64]"
#: What stands above the points.
SCORES = {"mae": "MAE", "rmse": "RMSE", "r2": "R²"}
#: Points up to which each has an error bar, is drawn as itself, is part of the vector graphics.
BARS, POINTS, VECTORS = 300, 20_000, 3_000
#: Quantile of the standard deviations at which their colours end: a few are often far larger.
LARGEST = 0.98


@dataclass(frozen=True)
class Pairs:
    """True and predicted values of a target.

    Attributes
    ----------
    name, unit
        Of the target; ``1`` if it has no unit.
    true, predicted : (n,)
        Entries of arrays count one by one; pairs that are not finite are left out.
    deviation : (n,), optional
        Predicted standard deviations.
    entries
        What is counted: materials, or entries of arrays.
    """

    name: str
    unit: str
    true: Float
    predicted: Float
    deviation: Float | None = None
    entries: str = "materials"

    def finite(self) -> Pairs:
        """Those pairs that are finite."""
        keep = np.isfinite(self.true) & np.isfinite(self.predicted)
        deviation = self.deviation
        if deviation is not None:
            whole = keep.any() and np.isfinite(deviation[keep]).all()
            deviation = deviation[keep] if whole else None
        return Pairs(
            self.name, self.unit, self.true[keep], self.predicted[keep], deviation, self.entries
        )


def joined(parts: Sequence[Pairs]) -> Pairs:
    """Pairs of several parts as one, in their order; standard deviations where all have them."""
    first = parts[0]
    known = [one.deviation for one in parts if one.deviation is not None]
    return Pairs(
        first.name,
        first.unit,
        np.concatenate([one.true for one in parts]),
        np.concatenate([one.predicted for one in parts]),
        np.concatenate(known) if len(known) == len(parts) else None,
        first.entries if len({one.entries for one in parts}) == 1 else "entries",
    )


def score_line(metrics: Mapping[str, float | None], unit: str, count: int, entries: str) -> str:
    """MAE, RMSE and R² as they are on record, four digits, with the unit."""
    shown = "" if unit == "1" else f" {unit}"
    parts = [
        f"{name} {metrics[key]:.4g}{'' if key == 'r2' else shown}"
        for key, name in SCORES.items()
        if metrics.get(key) is not None
    ]
    return ", ".join([*parts, counted(count, entries)])


def parity(
    pairs: Pairs,
    metrics: Mapping[str, float | None],
    uncertainty: JsonMapping | None = None,
    title: str = "",
    look: Look | None = None,
) -> Picture:
    """Predicted over true values, and beside them how well standard deviations are calibrated.

    Parameters
    ----------
    pairs
        What is drawn: error bars of one standard deviation where points are few, else its colour;
        more than `POINTS` as their density.
    metrics
        ``mae``, ``rmse`` and ``r2`` as they are on record.
    uncertainty
        ``coverage`` (expected and observed) and ``miscalibration_area``, as on record.
    title
        Above the picture.
    """
    pairs = pairs.finite()
    beside = uncertainty is not None and pairs.deviation is not None
    picture = Picture((8.8, 4.9) if beside else (5.2, 5.5), title or pairs.name, look or Look())
    panels = picture.panels(2 if beside else 1, **({"width_ratios": (1.25, 1)} if beside else {}))
    axes = panels[0]
    axes.set_box_aspect(1)
    label = plain(with_unit(pairs.name, pairs.unit), 46)
    axes.set(xlabel=f"true {label}", ylabel=f"predicted {label}")
    picture.headline(axes, score_line(metrics, pairs.unit, len(pairs.true), pairs.entries))
    if len(pairs.true):
        low, high = limits(*_ends(pairs))
        axes.plot([low, high], [low, high], color=picture.colours.muted, linewidth=1, zorder=1)
        axes.set(xlim=(low, high), ylim=(low, high))
        _draw(picture, axes, pairs)
    if beside and uncertainty is not None:
        draw_calibration(picture, panels[1], uncertainty)
    return picture


def _ends(pairs: Pairs) -> list[Float]:
    """What must lie within the axes: points, and the ends of their error bars."""
    if pairs.deviation is None or len(pairs.true) > BARS:
        return [pairs.true, pairs.predicted]
    return [pairs.true, pairs.predicted - pairs.deviation, pairs.predicted + pairs.deviation]


def limits(*values: Float) -> tuple[float, float]:
    """Limits of an axis around all values; never of no width."""
    low, high = min(float(v.min()) for v in values), max(float(v.max()) for v in values)
    margin = 0.04 * (high - low) or 0.05 * max(abs(low), abs(high)) or 0.5
    return low - margin, high + margin


def _draw(picture: Picture, axes: Axes, pairs: Pairs) -> None:
    n, colour = len(pairs.true), picture.colours.cycle[0]
    deviation = pairs.deviation
    if n > POINTS:
        _draw_density(picture, axes, pairs)
    elif deviation is None:
        size = 14 if n <= BARS else 6
        axes.scatter(
            pairs.true, pairs.predicted, s=size, color=colour, alpha=0.6, linewidths=0,
            rasterized=n > VECTORS, zorder=2,
        )  # fmt: skip
    elif n <= BARS:
        axes.errorbar(
            pairs.true, pairs.predicted, yerr=np.maximum(deviation, 0.0), fmt="o", markersize=3,
            color=colour, ecolor=colour, elinewidth=0.7, alpha=0.65, zorder=2,
            label="± one predicted standard deviation",
        )  # fmt: skip
        picture.legend_beside(axes, loc="best")
    else:
        order = np.argsort(deviation, kind="stable")
        shown = axes.scatter(
            pairs.true[order], pairs.predicted[order], s=7, c=deviation[order], linewidths=0,
            cmap=picture.colours.sequential, vmin=float(deviation.min()),
            vmax=float(np.quantile(deviation, LARGEST)) or None, rasterized=n > VECTORS, zorder=2,
        )  # fmt: skip
        label = with_unit("predicted standard deviation", pairs.unit)
        picture.colour_bar(shown, label, ax=axes, extend="max", shrink=0.85)


def _draw_density(picture: Picture, axes: Axes, pairs: Pairs) -> None:
    low, high = axes.get_xlim()
    common: JsonObject = {
        "gridsize": 70, "extent": (low, high, low, high), "mincnt": 1, "linewidths": 0, "zorder": 2,
        "cmap": picture.colours.sequential, "rasterized": True,
    }  # fmt: skip
    if pairs.deviation is None:
        shown = axes.hexbin(pairs.true, pairs.predicted, bins="log", **common)
        label = f"{pairs.entries} per cell"
    else:
        shown = axes.hexbin(pairs.true, pairs.predicted, C=pairs.deviation, **common)
        label = with_unit("mean predicted standard deviation", pairs.unit)
    picture.colour_bar(shown, label, ax=axes, shrink=0.85)
