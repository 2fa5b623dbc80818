"""Dielectric functions that two models predict, beside the true ones (Finder, figures 6a, 6b)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from matdata.core.crystals import Float
from matdata.core.units import with_unit
from matdata.figures.picture import Look, Picture, plain
from matdata.training.evaluated import predictions_on_record
from matdata.training.prediction_columns import MATERIAL_ID, Statistic, column_of
from matdata.training.run import Run

SIZE = (9.0, 4.0)  # inches
DASHES = ("-", (0, (5, 1.5)))  # of the models
PARTS = {"re": "real part", "im": "imaginary part"}


@dataclass(frozen=True, eq=False)
class Part:
    """The real or the imaginary part of the materials of a test part.

    Attributes
    ----------
    name
        A key of `PARTS`.
    ids
        The materials.
    axis
        Of the energies, with their unit.
    points : (L,) float64
        The energies.
    true : (n, L) float64
        What is true.
    predicted
        By model the same of its predictions.
    """

    name: str
    ids: Sequence[str]
    axis: str
    points: Float
    true: Float
    predicted: Mapping[str, Float]

    @classmethod
    def of_runs(cls, name: str, runs: Mapping[str, Run]) -> Part:
        """From the records of runs by the name of their model, whose test parts are the same."""
        first, *_ = runs.values()
        (target,) = first.schema.targets
        assert target.axis is not None
        truth, mean = (column_of(target, one).name for one in (Statistic.TRUTH, Statistic.MEAN))
        tables = {model: predictions_on_record(run) for model, run in runs.items()}
        own: dict[str, dict[Any, Any]] = {
            model: dict(zip(table[MATERIAL_ID], table[mean], strict=True))
            for model, table in tables.items()
        }
        (table, *_) = tables.values()
        ids = [str(one) for one in table[MATERIAL_ID]]
        predicted = {model: np.array([rows[one] for one in ids]) for model, rows in own.items()}
        axis = with_unit(target.axis.name, target.axis.unit)
        return cls(name, ids, axis, np.array(target.axis.values), np.array(table[truth]), predicted)

    def errors(self) -> dict[str, float]:
        """By model the mean absolute error of all materials and energies."""
        return {
            model: float(np.nanmean(np.abs(values - self.true)))
            for model, values in self.predicted.items()
        }

    def of(self, material: str) -> Part:
        """The same of one material."""
        row = slice(place := self.ids.index(material), place + 1)
        predicted = {model: values[row] for model, values in self.predicted.items()}
        return Part(self.name, [material], self.axis, self.points, self.true[row], predicted)


def draw(material: str, formula: str, parts: Sequence[Part], look: Look) -> Picture:
    """Both parts of a material: what is true, and what each model predicts, with its error."""
    picture = Picture(SIZE, f"{formula} ({material}): dielectric function", look)
    colours = picture.colours
    for axes, part in zip(picture.panels(len(parts)), parts, strict=True):
        own = part.of(material)
        axes.plot(own.points, own.true[0], color=colours.ink, linewidth=1.8, label="true")
        lines = zip(own.errors().items(), DASHES, colours.cycle, strict=False)
        for (model, error), dashes, colour in lines:
            axes.plot(
                own.points, own.predicted[model][0], color=colour, linestyle=dashes, linewidth=1.4,
                label=f"{model}, MAE {error:.3g}",
            )  # fmt: skip
        axes.axhline(0.0, color=colours.muted, linewidth=0.8, zorder=0)
        axes.set(xlabel=plain(own.axis, 40), ylabel=PARTS[own.name])
        axes.set_xlim(float(own.points.min()), float(own.points.max()))
        picture.legend_beside(axes, loc="best")
    return picture


def write(
    folder: Path, formulas: Mapping[str, str], parts: Sequence[Part], caption: Sequence[str]
) -> dict[str, Any]:
    """Draw materials as ``figure-6a.png``, ``figure-6b.png``, light and dark; returns the numbers.

    Parameters
    ----------
    folder
        Of ``pictures-light`` and ``pictures-dark``.
    formulas
        By material its formula.
    parts
        The real and the imaginary part.
    caption
        Below each picture.
    """
    panels = dict(zip("abcdefgh", formulas, strict=False))
    for style in ("light", "dark"):
        home = folder / f"pictures-{style}"
        home.mkdir(parents=True, exist_ok=True)
        for letter, name in panels.items():
            picture = draw(name, formulas[name], parts, Look(style, caption))
            picture.write(home / f"figure-6{letter}.png")
    return {
        "mae_of_test_part": {part.name: part.errors() for part in parts},
        "materials": len(parts[0].ids),
        "shown": {
            f"figure-6{letter}": {
                "material_id": name,
                "formula": formulas[name],
                "mae": {part.name: part.of(name).errors() for part in parts},
            }
            for letter, name in panels.items()
        },
    }
