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
    of = "" if unit in ("", "1") else f" {unit}"
    return [
        Spectrum(
            f"{word}: {ids[row]}, MAE {errors[row]:.3g}{of}",
            true[row],
            predicted[row],
            None if deviation is None else deviation[row],
        )
        for word, row in best_to_worst(ids, errors).items()
    ]


def best_to_worst(ids: Sequence[str], errors: Float) -> dict[str, int]:
    """Rows of the smallest, the median and the largest of some errors (n,), ties by id.

    Returns
    -------
    dict
        By ``best``, ``median`` and ``worst`` the row; fewer where one would be there twice.
    """
    order = np.lexsort((np.asarray(ids, dtype=np.str_), errors))
    order = order[np.isfinite(errors[order])]
    if not len(order):
        return {}
    places = {"best": 0, "median": (len(order) - 1) // 2, "worst": len(order) - 1}
    chosen: dict[int, str] = {}
    for word, place in places.items():
        chosen.setdefault(int(order[place]), word)
    return {word: row for row, word in chosen.items()}


def plain_axis(axis: Axis) -> tuple[str, str, Float]:
    """Name, unit and points of an axis."""
    return axis.name, axis.unit, np.array(axis.values)
