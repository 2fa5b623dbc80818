"""Materials that may be epsilon-near-zero, from predicted dielectric functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from matdata.core.errors import ConfigError
from matdata.core.settings import Settings, setting
from matdata.evaluation.derive.base import Distributions, Float, Rows
from matdata.evaluation.derive.dielectric_parts import common_axis, parts_among
from matdata.evaluation.derive.rule import Bands, Rule, prediction_of
from matdata.training.axis import Axis
from matdata.training.outputs import Distribution
from matdata.training.target import Target

CROSSOVER, LOSS, WIDTH = "enz_crossover", "enz_loss", "enz_width"
#: What `EnzOptions.hull_column` is where no distance to the hull is asked for.
NO_COLUMN = "none"


@dataclass(frozen=True)
class EnzOptions(Settings):
    """Options of `Enz`."""

    real: str = setting("", "target that is the real part; found by its name if not given")
    imaginary: str = setting(
        "", "target that is the imaginary part; found by its name if not given"
    )
    skip: int = setting(
        10, "points at the start of the axis: the crossover lies at a later one", minimum=0
    )
    low: float = setting(0.5, "least crossover, eV")
    high: float = setting(12.4, "largest crossover, eV")
    loss: float = setting(2.0, "imaginary part at the crossover is below")
    hull: float = setting(0.025, "energy above the hull is below, eV/atom")
    hull_column: str = setting(
        "energy_above_hull", "column with the energy above the hull; none to ask for no energy"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low > self.high:
            raise ConfigError(
                f"enz: no crossover is from {self.low:g} to {self.high:g} eV",
                next_step="enz:low=X,high=Y, with low below high",
            )
        if not self.hull_column:
            raise ConfigError(
                "enz: hull_column is empty",
                next_step=f"name a column, or write hull_column={NO_COLUMN}",
            )


class Enz(Rule[EnzOptions]):
    """Where the real part crosses zero downwards, and what light loses there.

    With the points omega_j of the axis, the crossover is omega_j at the first j > 10 with
    ``re[j - 1] > 0`` and ``re[j] < 0``, the loss is ``im[j]``; kept are materials with
    0.5 eV <= omega <= 12.4 eV, a loss below 2, and less than 25 meV/atom above the hull (Ihalage
    and Hao, Adv. Sci. 9, 2200164, 2022, section 2.5 and its code, whose omega is 30 eV times
    j / 3000: up to 0.01 eV less than the point of the axis). `skip` is that 10: it leaves out
    less than 0.1 eV of the axis of the paper, and another part of any other axis. The width is that
    of the points about the crossover where the real part lies between -1 and 1, the epsilon-
    near-zero region of the paper. A spectrum that does not cross has none of the three.

    Both parts are those of the ensemble. To first order, the standard deviation of the crossover is
    that of the real part there by the slope between both points, that of the loss is the
    imaginary part's.
    """

    name: ClassVar[str] = "enz"
    version: ClassVar[str] = "1"
    summary: ClassVar[str] = "crossover and loss of epsilon-near-zero materials"
    Options: ClassVar[type[Settings]] = EnzOptions
    drawn: ClassVar[tuple[str, ...]] = (CROSSOVER, LOSS)
    without_column: ClassVar[str] = (
        f"enz:hull_column=NAME names another column, enz:hull_column={NO_COLUMN} asks for no energy"
    )
    bands: ClassVar[Bands] = {
        "infrared": (0.0, 1.65),
        "visible": (1.65, 3.26),
        "ultraviolet": (3.26, 124.0),
    }
    _real: Target
    _imaginary: Target

    @property
    def condition(self) -> str:
        """Limits of the crossover, of the loss, and of the energy above the hull."""
        options, crossover = self.options, prediction_of(CROSSOVER)
        parts = [
            f"{crossover} >= {options.low!r}",
            f"{crossover} <= {options.high!r}",
            f"{prediction_of(LOSS)} < {options.loss!r}",
        ]
        if options.hull_column != NO_COLUMN:
            column = options.hull_column.replace("`", "``")
            parts.append(f"`{column}` < {options.hull!r}")
        return " and ".join(parts)

    @property
    def units(self) -> Mapping[str, str]:
        """The energy above the hull is in eV/atom."""
        column = self.options.hull_column
        return {} if column == NO_COLUMN else {column: "eV/atom"}

    @property
    def _axis(self) -> Axis:
        axis = self._real.axis
        assert axis is not None  # of `produces`
        return axis

    def produces(self, targets: Sequence[Target]) -> Sequence[Target]:
        """``enz_crossover`` (eV), ``enz_loss`` and ``enz_width`` (eV).

        Raises
        ------
        ConfigError
            If real and imaginary part are not among the targets, or do not stand on one axis of
            energies in eV, of which `skip` leaves one point at least.
        """
        options = self.options
        self._real, self._imaginary = parts_among(targets, options.real, options.imaginary)
        axis = common_axis(self._real, self._imaginary)
        last = len(axis.values) - 2
        if options.skip > last:
            raise ConfigError(
                f"enz: skip={options.skip} leaves no point of the {len(axis.values):,} of "
                f"{self._real.name!r} at which it can cross zero",
                next_step=f"enz:skip=N, with N from 0 to {last}",
            )
        one = Target(CROSSOVER, unit=axis.unit)
        return [one, replace(one, name=LOSS, unit=self._imaginary.unit), replace(one, name=WIDTH)]

    def apply(
        self, predictions: Distributions, rows: Rows, fitted: Mapping[str, Float]
    ) -> Distributions:
        """The three numbers, NaN where the real part does not cross."""
        real, imaginary = predictions[self._real.name], predictions[self._imaginary.name]
        points = np.array(self._axis.values)
        at = crossing(real.mean[0], self.options.skip)
        crossover, loss, width = _numbers(points, real.mean[0], imaginary.mean[0], at)
        deviations: list[Float | None] = [None, None]
        if real.aleatoric is not None:
            steps = np.take(points, at) - np.take(points, at - 1)
            slopes = (_taken(real.mean[0], at) - _taken(real.mean[0], at - 1)) / steps
            own = _taken(real.aleatoric[0], at) / np.abs(slopes)
            deviations[0] = np.where(at < 0, np.nan, own)
        if imaginary.aleatoric is not None:
            deviations[1] = np.where(at < 0, np.nan, _taken(imaginary.aleatoric[0], at))
        numbers = (crossover, loss, width)
        of_each = zip((CROSSOVER, LOSS, WIDTH), numbers, (*deviations, None), strict=True)
        return {
            name: Distribution(mean[None, :, None], None if std is None else std[None, :, None])
            for name, mean, std in of_each
        }

    def truth(self, truth: Mapping[str, Float], rows: Rows) -> Mapping[str, Float]:
        """The same of the true spectra."""
        real, imaginary = truth[self._real.name], truth[self._imaginary.name]
        at = crossing(real, self.options.skip)
        numbers = _numbers(np.array(self._axis.values), real, imaginary, at)
        return {
            name: one[:, None] for name, one in zip((CROSSOVER, LOSS, WIDTH), numbers, strict=True)
        }

    def region(self, target: Target, points: Float, values: Float) -> tuple[float, float] | None:
        """Where the real part lies between -1 and 1 about its crossover."""
        at = int(crossing(values[None], self.options.skip)[0])
        if target.name != self._real.name or at < 0:
            return None
        first, last = _near_zero(values, at)
        return float(points[first]), float(points[last])


def crossing(real: Float, skip: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """First point j > skip of each spectrum with ``re[j - 1] > 0 > re[j]``, (n,); -1 without one.

    Parameters
    ----------
    real : (n, k)
        Real parts.
    skip
        Points at the start at which no crossing counts.
    """
    downwards = (real[:, :-1] > 0) & (real[:, 1:] < 0)
    downwards[:, :skip] = False
    first = downwards.argmax(1) + 1 if downwards.shape[1] else np.zeros(len(real), np.int64)
    return np.where(downwards.any(1), first, -1).astype(np.int64)


def _numbers(
    points: Float, real: Float, imaginary: Float, at: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> tuple[Float, Float, Float]:
    """Crossover, loss and width, (n,) each."""
    none = at < 0
    width = np.full(len(real), np.nan)
    for row in np.flatnonzero(~none).tolist():
        first, last = _near_zero(real[row], int(at[row]))
        width[row] = points[last] - points[first]
    crossover = np.where(none, np.nan, np.take(points, at))
    return crossover, np.where(none, np.nan, _taken(imaginary, at)), width


def _near_zero(real: Float, at: int) -> tuple[int, int]:
    """First and last of the points about a crossing where the real part is within -1 and 1.

    Both points of the crossing belong to it, however steep it is.
    """
    near = np.abs(real) < 1.0
    before, after = np.flatnonzero(~near[: at - 1]), np.flatnonzero(~near[at + 1 :])
    first = int(before[-1]) + 1 if len(before) else 0
    last = at + int(after[0]) if len(after) else len(real) - 1
    return first if near[at - 1] else at - 1, last if near[at] else at


def _taken(values: Float, at: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Float:
    return np.asarray(np.take_along_axis(values, at[:, None], 1)[:, 0])
