"""How far plasma edges of predicted spectra are from the true ones, and how far errors imply.

To first order the crossover moves by the error of the real part there over the slope of the true
spectrum. What is implied by a mean absolute error is that error over the slope of each material.
Errors near the crossover are larger than their mean over all energies, most of which lie where
spectra are flat, so three errors are told apart: the mean over all energies, the mean near the
crossovers, and each material's own at its crossover, which is the check of the rule itself.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Float, Int
from matdata.evaluation.derive.enz import crossing
from matdata.store import files

#: Energies within so many eV of the true crossover are near it.
NEAR = 0.25


@dataclass(frozen=True, eq=False)
class PlasmaEdges:
    """Materials of which the true and the predicted spectrum cross zero, in eV.

    Attributes
    ----------
    rows : (k,) int64
        Their rows.
    true, found : (k,) float64
        Crossovers on the line between the two points around each.
    slopes : (k,) float64
        Of the true spectra there, in 1/eV, absolute.
    own, near : (k,) float64
        Absolute error of each spectrum at its crossover, and its mean within `NEAR`.
    steps : (k,) float64
        Absolute differences of the first points behind the crossovers, which the rule reads.
    mae, step
        Mean absolute error of all values of all spectra; a step of the grid.
    materials, missed, invented
        Spectra; those whose crossover is not predicted; predicted ones that are not there.
    """

    rows: Int
    true: Float
    found: Float
    slopes: Float
    own: Float
    near: Float
    steps: Float
    mae: float
    step: float
    materials: int
    missed: int
    invented: int

    @property
    def errors(self) -> Float:
        """Absolute errors between points, (k,)."""
        return np.asarray(np.abs(self.found - self.true))

    def summary(self) -> dict[str, float | int | None]:
        """Medians, means, and the shares of materials within what each error implies."""
        near = float(self.near.mean()) if len(self.rows) else 0.0
        by = {"mae": self.mae / self.slopes, "mae_near": near / self.slopes}
        half = self.step / 2
        return {
            "materials": self.materials,
            "both_cross": len(self.rows),
            "missed": self.missed,
            "invented": self.invented,
            "spectra_mae": self.mae,
            "spectra_mae_near_edge": near if len(self.rows) else None,
            "step_eV": self.step,
            "median_error_eV": _median(self.steps),
            "mean_error_eV": _mean(self.steps),
            "median_error_between_points_eV": _median(self.errors),
            "implied_by_mae_between_points_eV": _median(by["mae"]),
            "implied_by_mae_near_edge_between_points_eV": _median(by["mae_near"]),
            "implied_by_own_error_between_points_eV": _median(self.own / self.slopes),
            "share_within_mae": _mean(self.errors <= by["mae"] + half),
            "share_within_mae_near_edge": _mean(self.errors <= by["mae_near"] + half),
            "median_ratio_to_own_error": _median(self.errors / (self.own / self.slopes + 1e-12)),
            "implied_by_mae_eV": _median(by["mae"] + half),
            "implied_by_own_error_eV": _median(self.own / self.slopes + half),
        }

    def write(self, path: Path, ids: Sequence[str]) -> None:
        """A row a material: crossovers, their error, and what each error implies."""
        near = float(self.near.mean()) if len(self.rows) else 0.0
        columns = {
            "edge_eV": self.true,
            "predicted_eV": self.found,
            "error_eV": self.errors,
            "slope_per_eV": self.slopes,
            "implied_by_mae_eV": self.mae / self.slopes,
            "implied_by_mae_near_edge_eV": near / self.slopes,
            "implied_by_own_error_eV": self.own / self.slopes,
        }
        numbers = np.stack(list(columns.values()), 1).tolist()
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(path) as part, open(part, "w", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(["material_id", *columns])
            for row, cells in zip(self.rows.tolist(), numbers, strict=True):
                lines.writerow([ids[row], *(f"{cell:.6g}" for cell in cells)])


def plasma_edges(true: Float, predicted: Float, energies: Float, skip: int) -> PlasmaEdges:
    """Compare crossovers of spectra (n, L) at energies (L,); the first `skip` points have none."""
    at, found = crossing(true, skip), crossing(predicted, skip)
    rows = np.flatnonzero((at >= 0) & (found >= 0))
    at_rows, found_rows = at[rows], found[rows]
    step = float(energies[1] - energies[0])
    change = np.abs(predicted - true)
    exact = _between(true[rows], at_rows, energies)
    is_near = np.abs(energies - exact[:, None]) <= max(NEAR, step)
    return PlasmaEdges(
        rows=rows,
        true=exact,
        found=_between(predicted[rows], found_rows, energies),
        slopes=np.abs(true[rows, at_rows] - true[rows, at_rows - 1]) / step,
        own=change[rows, at_rows],
        near=np.asarray((change[rows] * is_near).sum(1) / is_near.sum(1)),
        steps=np.asarray(np.abs(energies[found_rows] - energies[at_rows])),
        mae=float(change.mean()),
        step=step,
        materials=len(true),
        missed=int(((at >= 0) & (found < 0)).sum()),
        invented=int(((at < 0) & (found >= 0)).sum()),
    )


def _between(spectra: Float, at: Int, energies: Float) -> Float:
    """Energies (k,) at which the lines between points ``at - 1`` and ``at`` are zero."""
    rows = np.arange(len(spectra))
    before, after = spectra[rows, at - 1], spectra[rows, at]
    crossed: Float = energies[at - 1] + np.diff(energies)[at - 1] * before / (before - after)
    return crossed


def _median(values: Float) -> float | None:
    return float(np.median(values)) if len(values) else None


def _mean(values: Float | npt.NDArray[np.bool_]) -> float | None:
    return float(np.mean(values)) if len(values) else None
