"""Learning curves: errors over the number of training materials, with fitted power laws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from matdata.core.documents import JsonMapping
from matdata.core.units import with_unit
from matdata.figures.picture import NARROW, Look, Picture, plain


def learning_curves(curves: Sequence[JsonMapping], title: str, look: Look | None = None) -> Picture:
    """Means and standard deviations of errors over sizes, both on logarithmic axes.

    Parameters
    ----------
    curves
        As `matdata.evaluation.learning_curve.LearningCurve.to_dict`, of the same target.
    """
    picture = Picture(NARROW, title, look or Look())
    axes = picture.panel()
    for place, curve in enumerate(curves):
        counts = np.array([point["materials"] for point in curve["points"]], dtype=float)
        means = np.array([point["mean"] for point in curve["points"]])
        bars = np.array([point["std"] or 0.0 for point in curve["points"]])
        colour = picture.colours.cycle[place % len(picture.colours.cycle)]
        law = curve["power_law"]
        label = plain(curve["run"], 28)
        if law is not None:
            ends = np.array([counts.min(), counts.max()])
            error = law["standard_error"]
            within = "" if error is None else f" ± {error:.2g}"
            text = f"{label}: exponent {law['exponent']:.3g}{within}"
            axes.plot(ends, law["factor"] * ends ** -law["exponent"], color=colour, label=text)
        axes.errorbar(
            counts, means, bars, label=None if law else label, color=colour, marker="o",
            linestyle="", capsize=2.5, markersize=4,
        )  # fmt: skip
    first = curves[0]
    axes.set(xscale="log", yscale="log", xlabel="materials of the training part")
    axes.set_ylabel(plain(with_unit(f"validation {first['by'].upper()}", first["unit"]), 60))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    picture.legend_beside(axes, loc="best")
    return picture
