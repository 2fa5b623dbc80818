"""Spectra on one grid, by linear interpolation, and why a spectrum cannot be put there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.ledger import Unusable
from matdata.spectra.grid import Beyond

Float = npt.NDArray[np.float64]
#: Parts of a dielectric tensor that absorb: nothing in them is negative but rounding.
ABSORBING = ("eps_im_xx", "eps_im_yy", "eps_im_zz", "eps_im_average")
#: Rounding of what is 0, as a share of the largest value of a spectrum.
ROUNDING = 1e-6
#: Largest number of a spectrum, which is stored as float32.
LARGEST = float(np.finfo(np.float32).max)
#: Times the span of a grid from which data with one point within it are in another unit, such as
#: 1/cm for eV (8,066 to 1): all numbers of the grid would be made of two.
OTHER_UNIT = 100.0


@dataclass(frozen=True, eq=False)
class Spectra:
    """The spectra of one material on one axis, as they came.

    Attributes
    ----------
    axis : (k,) float64
        Where the numbers stand.
    values
        By column k numbers; None for one that is missing.
    """

    axis: Float
    values: Mapping[str, Float | None]


def checked(one: Spectra) -> Spectra:
    """The same spectra on a rising axis.

    Raises
    ------
    Unusable
        If an axis does not rise or fall throughout, has one point, or anything is not finite, or
        too large for float32; if a column is missing or of another length; if what absorbs is
        negative.
    """
    axis = one.axis
    present: dict[str, Float] = {}
    for name, values in one.values.items():
        if values is None:
            raise Unusable(
                "missing_component",
                f"{name} is missing, or a number of it is, where others are there",
            )
        if len(values) != len(axis):
            raise Unusable(
                "unequal_lengths",
                f"{len(values)} numbers of {name}, {len(axis)} points of its axis",
            )
        present[name] = values
    if len(axis) < 2:
        raise Unusable("one_point", f"the axis has {len(axis)} points; a spectrum needs two")
    for name, values in (("the axis", axis), *present.items()):
        wrong = int(np.count_nonzero(~np.isfinite(values)))
        if wrong:
            raise Unusable(
                "not_finite", f"{wrong} of {len(values)} numbers of {name} are not finite"
            )
    for name, values in present.items():
        most = float(np.abs(values).max())
        if most > LARGEST:
            raise Unusable("too_large", f"{name} reaches {most:.4g}, more than float32 holds")
    if axis[0] > axis[-1]:
        axis = axis[::-1]
        present = {name: values[::-1] for name, values in present.items()}
    _require_rising(axis)
    for name in present.keys() & set(ABSORBING):
        least, most = float(present[name].min()), float(np.abs(present[name]).max())
        if least < -ROUNDING * most:
            raise Unusable("negative_absorption", f"{name} falls to {least:.4g}, below 0")
    return Spectra(axis, present)


def _require_rising(axis: Float) -> None:
    steps = np.diff(axis)
    if (steps == 0).any():
        place = int(np.flatnonzero(steps == 0)[0])
        raise Unusable("repeated_points", f"the axis has {axis[place]:.6g} twice")
    if (steps < 0).any():
        place = int(np.flatnonzero(steps < 0)[0])
        raise Unusable(
            "unsorted_points", f"on the axis {axis[place + 1]:.6g} follows {axis[place]:.6g}"
        )


def require_covered(one: Spectra, grid: Float, beyond: Beyond) -> None:
    """Refuse spectra without data on a grid.

    Raises
    ------
    Unusable
        If no point of the grid lies within the data, or, where nothing is said of points beyond
        them, if one lies outside; or if data that span far more have no two points there.
    """
    low, high = float(one.axis[0]), float(one.axis[-1])
    inside = (grid >= low) & (grid <= high)
    span = f"the data span {low:.6g} to {high:.6g}, the grid {grid[0]:.6g} to {grid[-1]:.6g}"
    if not inside.any():
        raise Unusable("outside_grid", f"no point of the grid lies within the data: {span}")
    if beyond == "refuse" and not inside.all():
        raise Unusable("outside_grid", f"{span} (--beyond hold, mask or clip accepts it)")
    within = int(((one.axis >= grid[0]) & (one.axis <= grid[-1])).sum())
    if within < 2 and high - low > OTHER_UNIT * (grid[-1] - grid[0]):
        raise Unusable(
            "outside_grid",
            f"{within} of {len(one.axis)} points lie within the grid: {span}; is their unit "
            "another one?",
        )


def resampled(one: Spectra, grid: Float, beyond: Beyond) -> dict[str, npt.NDArray[np.float32]]:
    """By column the numbers on a grid (L,), NaN where they are masked.

    Linear between the two neighbours of each point; exact at points of the data.

    Parameters
    ----------
    one
        From `checked`.
    grid : (L,)
        Rising.
    beyond
        ``mask`` for NaN beyond the data; else the first and last value are held there.
    """
    outside = np.nan if beyond == "mask" else None
    return {
        name: np.interp(grid, one.axis, values, left=outside, right=outside).astype(np.float32)
        for name, values in one.values.items()
        if values is not None
    }
