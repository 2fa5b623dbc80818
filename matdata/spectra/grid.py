"""Grids: where the numbers of all spectra stand after resampling."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.numerals import number_of_text
from matdata.core.units import canonical_unit, without_unit

#: What becomes of points of a grid beyond the data of a material: the material is left out, the
#: grid ends where the data of any material end, the last value is held, or the point is unknown.
Beyond: TypeAlias = Literal["refuse", "clip", "hold", "mask"]
BEYOND: tuple[Beyond, ...] = get_args(Beyond)
#: Points of a grid, which the manifest of each run repeats.
MOST_POINTS = 100_000
#: Units of energy on axes, in eV (CODATA 2018; wave numbers and frequencies through h).
IN_EV = {
    "eV": 1.0,
    "meV": 1e-3,
    "keV": 1e3,
    "Ha": 27.211386245988,
    "Ry": 13.605693122994,
    "1/cm": 1.239841984332e-4,
    "THz": 4.135667696923e-3,
}
FORM = "write START:STOP:N, such as 0:30:3000; 0:30:3000:eV states the unit, energy=0:30:3000 the"
FORM += " axis that it is of"


@dataclass(frozen=True)
class Grid:
    """Points at equal distances, both ends included.

    Attributes
    ----------
    start, stop
        First and last point.
    points
        How many.
    unit
        Of the points; empty for the unit of the axis that is resampled.
    axis
        Column of the axis that it is of; empty for all.
    """

    start: float
    stop: float
    points: int
    unit: str = ""
    axis: str = ""

    def values(self) -> npt.NDArray[np.float64]:
        """The points, (points,)."""
        return np.linspace(self.start, self.stop, self.points)

    def in_unit(self, unit: str, what: str) -> Grid:
        """The same points in another unit; raises as `factor_between`."""
        factor = factor_between(self.unit, unit, what)
        return replace(self, start=factor * self.start, stop=factor * self.stop, unit=unit)


def parse_grid(text: str) -> Grid:
    """A grid as it is written.

    Raises
    ------
    ConfigError
        If it is none: fewer than two points, or more than `MOST_POINTS`, or none that rise.
    """
    axis, _, rest = text.rpartition("=")
    words = rest.split(":")
    numbers = [number_of_text(word.strip()) for word in words[:3]]
    if len(words) not in (3, 4) or len(numbers) < 3 or None in numbers:
        raise ConfigError(f"--grid {text!r} is no grid", next_step=FORM)
    start, stop, points = (float(number) for number in numbers if number is not None)
    if not (math.isfinite(start) and math.isfinite(stop) and start < stop):
        raise ConfigError(f"--grid {text!r} does not rise from its start to its stop")
    if not (points.is_integer() and 2 <= points <= MOST_POINTS):
        raise ConfigError(f"--grid {text!r}: expected 2 to {MOST_POINTS:,} points")
    if not (np.diff(np.linspace(start, stop, int(points))) > 0).all():
        raise ConfigError(f"--grid {text!r}: {int(points):,} points are closer than numbers differ")
    unit = words[3].strip() if len(words) == 4 else ""
    if unit and canonical_unit(unit) is None:
        raise ConfigError(f"--grid {text!r}: {unit!r} is no unit", next_step=FORM)
    return Grid(start, stop, int(points), canonical_unit(unit) or "" if unit else "", axis.strip())


def grid_of(axis: str, grids: Iterable[Grid]) -> Grid | None:
    """The grid of an axis: the one that names it, else the one that names none."""
    chosen: Grid | None = None
    for grid in grids:
        if grid.axis in (axis, without_unit(axis)) or (not grid.axis and chosen is None):
            chosen = grid
            if grid.axis:
                break
    return chosen


def check_grids(grids: Sequence[Grid], axes: Iterable[str]) -> None:
    """Refuse grids of axes that are not there, and two grids of one axis.

    Raises
    ------
    ConfigError
        Naming them.
    """
    known = sorted(set(axes))
    names = {*known, *map(without_unit, known)}
    named = [grid.axis for grid in grids]
    for name in named:
        if name and name not in names:
            raise ConfigError(
                f"--grid names an axis {name!r} that is not there{did_you_mean(name, known)}",
                next_step=f"axes: {', '.join(known) or 'none; name one with --axis COLUMN=AXIS'}",
            )
        if named.count(name) > 1:
            raise ConfigError(f"--grid is given twice for {name or 'all axes'}")
    if grids and not known:
        raise ConfigError(
            "--grid needs arrays that stand on an axis, and the source has none",
            next_step="name the axis: --axis COLUMN=AXIS, or bring spectra: --spectra FILE",
        )


def factor_between(unit: str, to: str, what: str) -> float:
    """What numbers in one unit are multiplied by to be in another one.

    Raises
    ------
    ConfigError
        If one of them is not known, or they are no units of the same kind.
    """
    if unit == to or not to:
        return 1.0
    if not unit or unit == "1":
        raise ConfigError(
            f"the grid is in {to}, and the unit of {what} is not known",
            next_step=f"state it: --unit {what}={to}",
        )
    if unit in IN_EV and to in IN_EV:
        return IN_EV[unit] / IN_EV[to]
    raise ConfigError(
        f"{what} is in {unit}, the grid in {to}, and there is no factor between them",
        next_step=f"give the grid in {unit}; known units of energy: {', '.join(IN_EV)}",
    )
