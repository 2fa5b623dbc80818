"""Robust linear calibrations by group, and which materials represent a group.

The tools of R. E. A. Goodall's thesis, ch. 3, for any table: a quantity that few records have is
predicted from quantities that all have, by a model per family.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.errors import SourceError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """``d = weights · x + offset`` for one family (thesis, eq. 3.1), by Huber's loss.

    Attributes
    ----------
    weights : (k,)
        Of the inputs.
    offset
        In the unit of what is predicted.
    count
        Records it was fitted to.
    error
        Mean absolute residual of these.
    left_out
        Mean absolute error of records that were left out of the fit, one after another.
    """

    weights: tuple[float, ...]
    offset: float
    count: int
    error: float
    left_out: float

    def __call__(self, inputs: Floats) -> Floats:
        """Predict for inputs (n, k)."""
        predicted: Floats = np.asarray(inputs) @ np.array(self.weights) + self.offset
        return predicted


def calibrate(inputs: Floats, values: Floats) -> Calibration:
    """Fit values (n,) to inputs (n, k); defaults of scikit-learn's HuberRegressor, as published.

    Raises
    ------
    SourceError
        If there are not more records than coefficients, or the optimizer finds none.
    """
    inputs, values = np.asarray(inputs, dtype=float), np.asarray(values, dtype=float)
    if len(values) < inputs.shape[1] + 2:
        raise SourceError(f"{len(values)} records are too few for {inputs.shape[1] + 1} numbers")
    model = _fitted(inputs, values)
    residuals = np.abs(model.predict(inputs) - values)
    others = []
    for left in range(len(values)):
        kept = np.arange(len(values)) != left
        one = _fitted(inputs[kept], values[kept])
        others.append(abs(float(one.predict(inputs[left : left + 1])[0]) - values[left]))
    weights = tuple(map(float, model.coef_))
    error, left_out = float(residuals.mean()), float(np.mean(others))
    return Calibration(weights, float(model.intercept_), len(values), error, left_out)


def least_squares(inputs: Floats, values: Floats) -> tuple[float, ...]:
    """Weights (k) and, last, the offset of a linear fit by ordinary least squares."""
    design = np.column_stack([inputs, np.ones(len(inputs))])
    return tuple(map(float, np.linalg.lstsq(design, values, rcond=None)[0]))


def _fitted(inputs: Floats, values: Floats) -> Any:
    import warnings

    from sklearn.linear_model import HuberRegressor

    with warnings.catch_warnings():  # its 100 steps are those of the published coefficients
        warnings.simplefilter("ignore")
        try:
            return HuberRegressor().fit(inputs, values)
        except ValueError as error:  # L-BFGS-B gave up
            raise SourceError("no coefficients were found", cause=str(error)) from error


def representatives(inputs: Floats, score: Floats, share: float = 0.2, least: int = 2) -> list[int]:
    """The best of two clusters of a family, so that different members are represented.

    Parameters
    ----------
    inputs : (n, k)
        What is clustered by k-means with two centres (ten starts, seed 0).
    score : (n,)
        Higher is better.
    share, least
        How much of each cluster is taken, and how many at least.

    Returns
    -------
    list of int
        Rows.
    """
    from sklearn.cluster import KMeans

    labels = KMeans(2, random_state=0, n_init=10).fit_predict(inputs)
    rows: list[int] = []
    for label in (0, 1):
        members = np.flatnonzero(labels == label)
        best = members[np.argsort(-np.asarray(score)[members], kind="stable")]
        rows += best[: max(least, int(len(members) * share))].tolist()
    return rows


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Of the straight line through points by least squares; NaN where x does not vary."""
    if len(set(x)) < 2:
        return float("nan")
    return float(np.polyfit(x, y, 1)[0])


@dataclass(frozen=True)
class Unexplored:
    """Where there are few records, on a grid.

    Attributes
    ----------
    x, y : (g,)
        The grid.
    density : (g, g)
        By y and x, of a Gaussian kernel density with Scott's bandwidth, of its maximum.
    empty : (g, g)
        Where it is below the threshold and the conditions hold.
    """

    x: Floats
    y: Floats
    density: Floats
    empty: npt.NDArray[np.bool_]

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in a cell that is empty."""
        column = int(np.abs(self.x - x).argmin())
        return bool(self.empty[int(np.abs(self.y - y).argmin()), column])


def unexplored(x: Floats, y: Floats, above: float, threshold: float = 0.01) -> Unexplored:
    """Cells above a value of y, within the ranges of the records, that hold next to none of them.

    Parameters
    ----------
    x, y : (n,)
        Records.
    above
        Least y.
    threshold
        Largest density, of the maximum.
    """
    from scipy.stats import gaussian_kde

    grid_x, grid_y = (np.linspace(values.min(), values.max(), 120) for values in (x, y))
    across, up = np.meshgrid(grid_x, grid_y)
    density = gaussian_kde([x, y])([across.ravel(), up.ravel()]).reshape(across.shape)
    density /= density.max()
    return Unexplored(grid_x, grid_y, density, (density < threshold) & (up >= above))


def by_group(rows: Sequence[Mapping[str, str]], column: str) -> dict[str, list[int]]:
    """Rows of each value of a column, the most frequent first."""
    groups: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        groups.setdefault(row[column], []).append(number)
    return dict(sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])))
