"""Predicted spectra and other arrays: errors along the axis, and three of them beside the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from matdata.core.documents import JsonMapping
from matdata.core.units import with_unit
from matdata.reports.markup import Html, Table, figure, note, number, side_by_side
from matdata.reports.run.shown import Float, Shown
from matdata.reports.svg.lines import lines
from matdata.training.axis import Axis
from matdata.training.scores.spectrum_scores import along_axis, by_point
from matdata.training.spectrum_plots import best_to_worst


def spectra(shown: Shown, scored: JsonMapping) -> Iterator[object]:
    """Scores over the points of an array, errors along its axis, best, median and worst of them.

    Parameters
    ----------
    shown
        Predictions of an array target.
    scored
        Its record of the whole part, which its points are taken from where it has them.
    """
    points: JsonMapping = scored.get("by_point") or by_point(shown.true, shown.mean)
    names = [name for name in _MEANINGS if name in points]
    rows = [(name, number(points[name]), _MEANINGS[name]) for name in names]
    yield Table(("score", "value", "meaning"), rows, "Scores point by point")
    if len(shown.target.shape) > 1:
        shape = " x ".join(map(str, shown.target.shape))
        yield note(f"Arrays of {shape} numbers, of which no curves are drawn.")
        return
    yield side_by_side(_along(shown, scored), *_three(shown))


_MEANINGS = {
    "mae": "mean absolute error",
    "rmse": "root mean square error, the mean over the points",
    "r2": "coefficient of determination, the mean over points whose true values differ",
    "mad": "mean absolute deviation of the true values from the mean of their point",
    "mad_mae": "mean ratio of the deviation to the error: above 1 is better than the mean",
}


def _place(shown: Shown) -> tuple[Float, str]:
    """Where the numbers stand, and the title of that axis."""
    axis = shown.target.axis
    if axis is None:
        return np.arange(shown.target.size, dtype=np.float64), "place in the array, from 0"
    return np.array(axis.values, dtype=np.float64), with_unit(axis.name, axis.unit)


def _along(shown: Shown, scored: JsonMapping) -> Html:
    """Mean and mean absolute error at each point, as they are on record."""
    places, title = _place(shown)
    found: JsonMapping = scored.get("along_axis") or along_axis(
        shown.true, shown.mean, shown.target.axis or Axis("place", "1", tuple(places.tolist()))
    )
    curves = {
        "mean absolute error": (places.tolist(), _points(found["mae"])),
        "mean error": (places.tolist(), _points(found["bias"])),
    }
    y_title = with_unit("error", shown.target.unit)
    picture = lines(curves, f"Errors of {shown.target.name} along its axis", title, y_title)
    caption = "Mean absolute error, and mean of prediction less truth, at each point"
    if shown.target.axis is not None:
        caption += f"; the integral is off by {number(found['integral'])} on average"
    return figure(picture, f"{caption}.")


def _points(values: Sequence[float | None]) -> list[float]:
    """Numbers, NaN for what a record has no number of."""
    return [float("nan") if one is None else one for one in values]


def _three(shown: Shown) -> Iterator[Html]:
    places, title = _place(shown)
    for word, row in best_to_worst(shown.ids.tolist(), shown.errors).items():
        curves = {
            "true": (places.tolist(), shown.true[row].tolist()),
            "predicted": (places.tolist(), shown.mean[row].tolist()),
        }
        label = f"The {word} prediction of {shown.target.name}"
        picture = lines(curves, label, title, shown.name)
        size = with_unit(f"mean absolute error {number(float(shown.errors[row]))}", shown.unit)
        yield figure(picture, f"{word.capitalize()}: {shown.ids[row]}, {size}.")
