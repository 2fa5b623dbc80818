"""Curves: of a training, of predicted standard deviations, of clusters, along a binary."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from matdata.core.documents import JsonMapping
from matdata.core.units import with_unit
from matdata.figures.confidence import draw_confidence
from matdata.figures.picture import NARROW, WIDE, Look, Picture, draw_band, integer_axis, plain

#: Epochs up to which each is marked.
MARKED = 40


@dataclass(frozen=True)
class Counts:
    """Numbers of clusters over thresholds, and the region between references, where there is one.

    Attributes
    ----------
    thresholds
        Where all are counted.
    curves
        Counts by name.
    low, high, target
        The region between the references and its middle.
    """

    thresholds: Sequence[float]
    curves: Mapping[str, Sequence[float]]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    target: Sequence[float] = ()


def history(
    rows: Sequence[JsonMapping], title: str, look: Look | None = None, best: int | None = None
) -> Picture:
    """Losses and validation error over the epochs of a training.

    Parameters
    ----------
    rows
        Of the log: ``epoch``, ``train_loss``, ``val_loss``, ``val_error``; a number that is
        missing or not finite is a gap.
    best
        The epoch whose weights were kept.
    """
    panels = [
        ("loss", {"train_loss": "training", "val_loss": "validation"}),
        ("error (normalised units)", {"val_error": "validation"}),
    ]
    shown = [(label, names) for label, names in panels if any(n in r for n in names for r in rows)]
    picture = Picture(WIDE if len(shown) > 1 else NARROW, title, look or Look())
    epochs = [row["epoch"] for row in rows]
    for axes, (label, names) in zip(picture.panels(max(1, len(shown))), shown, strict=False):
        for place, (name, text) in enumerate(names.items()):
            values = [number(row.get(name)) for row in rows]
            colour = picture.colours.cycle[1 if "val" in name else place]
            marker = "o" if len(rows) <= MARKED else ""
            if any(map(math.isfinite, values)):
                axes.plot(epochs, values, marker=marker, markersize=3.5, label=text, color=colour)
        if best is not None:
            axes.axvline(
                best, color=picture.colours.muted, linestyle=":", label=f"best epoch, {best:,}"
            )
        axes.set(xlabel="epoch", ylabel=label)
        integer_axis(axes, "x")
        picture.legend_beside(axes, loc="best")
    return picture


def uncertainty(
    scored: JsonMapping,
    unit: str,
    title: str,
    look: Look | None = None,
    beside: Mapping[str, JsonMapping] | None = None,
) -> Picture:
    """Calibration of predicted standard deviations, and the confidence-error curve.

    Parameters
    ----------
    scored
        Of `matdata.training.scores.uncertainty.calibration`.
    unit
        Of the target.
    beside
        Confidence-error curves of other runs on the same materials, by name.
    """
    picture = Picture(WIDE, title, look or Look())
    first, second = picture.panels(2)
    draw_calibration(picture, first, scored)
    draw_confidence(picture, second, scored["confidence_error"], with_unit("MAE", unit), beside)
    return picture


def draw_calibration(picture: Picture, axes: Axes, scored: JsonMapping) -> None:
    """Observed over expected share of materials within intervals (Tran et al. 2020)."""
    expected, observed = (100.0 * np.array(scored["coverage"][k]) for k in ("expected", "observed"))
    colours = picture.colours
    axes.plot([0, 100], [0, 100], color=colours.muted, linewidth=1, label="calibrated")
    axes.plot(expected, observed, color=colours.cycle[0], label="this run")
    axes.fill_between(expected, expected, observed, color=colours.cycle[0], alpha=0.2, linewidth=0)
    axes.set(xlabel="expected within interval (%)", ylabel="observed within interval (%)")
    axes.set(xlim=(0, 100), ylim=(0, 100))
    axes.set_box_aspect(1)
    area = scored.get("miscalibration_area")
    picture.headline(axes, "" if area is None else f"miscalibration area {area:.4g}")
    picture.legend_beside(axes, loc="best")


def clusters(counts: Counts, title: str, look: Look | None = None) -> Picture:
    """Clusters over the threshold, with the region between references (CECV, figure 3)."""
    picture = Picture(NARROW, title, look or Look())
    axes = picture.panel()
    for name, values in counts.curves.items():
        axes.plot(counts.thresholds, values, marker="o", markersize=3, label=plain(name, 28))
    if len(counts.target):
        axes.fill_between(
            counts.thresholds, counts.low, counts.high, color=picture.colours.grid,
            label="between references",
        )  # fmt: skip
        axes.plot(
            counts.thresholds, counts.target, color=picture.colours.ink, linestyle=":",
            label="target",
        )  # fmt: skip
    axes.set(xlabel="threshold", ylabel="clusters", yscale="log")
    picture.legend_beside(axes, loc="best")
    return picture


def binary(
    curves: Mapping[str, Sequence[float]],
    symbols: tuple[str, str],
    label: str,
    title: str,
    look: Look | None = None,
) -> Picture:
    """Prediction with its standard deviation, and contributions, along a binary (figure 8).

    Parameters
    ----------
    curves
        ``x``, ``prediction``, ``std``, and the contribution of each element by its symbol.
    symbols
        The two elements.
    label
        What is predicted, with its unit.
    """
    picture = Picture(NARROW, title, look or Look())
    axes = picture.panel()
    x, mean = np.array(curves["x"]), np.array(curves["prediction"])
    deviation = np.nan_to_num(np.array(curves["std"]))
    colours = picture.colours
    if deviation.any():
        draw_band(axes, x, mean, deviation, color=colours.muted, alpha=0.3)
    axes.plot(x, mean, color=colours.ink, label="prediction")
    for symbol in symbols:
        axes.plot(x, curves[symbol], label=f"contribution of {symbol}")
    axes.set(xlabel=f"x in {symbols[0]}$_x${symbols[1]}$_{{1-x}}$", ylabel=plain(label, 60))
    axes.set_xlim(0, 1)
    picture.legend_beside(axes, loc="best")
    return picture


def number(value: object) -> float:
    """A number, or NaN where there is none."""
    return float(value) if isinstance(value, (int, float)) else float("nan")
