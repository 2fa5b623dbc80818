"""Which spectra of a run are shown, and what stands above them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matdata.training.axis import Axis
from matdata.training.scores.spectrum_scores import errors_of_rows

if TYPE_CHECKING:
    from matdata.figures.spectra import Spectrum

Float = npt.NDArray[np.float64]


def shown_spectra(
    ids: Sequence[str], true: Float, predicted: Float, deviation: Float | None, unit: str
) -> list[Spectrum]:
    """The spectra (n, L) of smallest, median and largest mean absolute error, ties by id."""
    from matdata.figures.spectra import Spectrum

    errors = errors_of_rows(true, predicted)
    names = np.asarray(ids, dtype=np.str_)
    order = np.lexsort((names, errors))
    order = order[np.isfinite(errors[order])]
    places = {"best": 0, "median": (len(order) - 1) // 2, "worst": len(order) - 1}
    of = "" if unit in ("", "1") else f" {unit}"
    chosen: dict[int, str] = {}
    for word, place in places.items():
        chosen.setdefault(place, word)
    return [
        Spectrum(
            f"{word}: {names[order[place]]}, MAE {errors[order[place]]:.3g}{of}",
            true[order[place]],
            predicted[order[place]],
            None if deviation is None else deviation[order[place]],
        )
        for place, word in chosen.items()
    ]


def plain_axis(axis: Axis) -> tuple[str, str, Float]:
    """Name, unit and points of an axis."""
    return axis.name, axis.unit, np.array(axis.values)
