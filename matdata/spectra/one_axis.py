"""Whether all materials have their numbers at the same points, and how they differ if not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError, first_few

_Float: TypeAlias = "npt.NDArray[np.float64]"
#: Different axes that are kept in memory.
MOST_KEPT = 8


class OneAxis:
    """The axes of materials, one after the other, and which of them are equal.

    Parameters
    ----------
    name
        Of the axis.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._axes: list[_Float] = []  # different ones, of which few are kept
        self._having: list[list[str]] = []
        self._further: list[str] = []

    @property
    def points(self) -> _Float | None:
        """The first axis, (k,)."""
        return self._axes[0] if self._axes else None

    def see(self, points: Sequence[float | None] | _Float, material: str) -> None:
        """Take the axis of a material; missing points are NaN."""
        numbers = np.array(points, dtype=np.float64)
        for axis, having in zip(self._axes, self._having, strict=True):
            if np.array_equal(axis, numbers, equal_nan=True):
                having.append(material)
                return
        if len(self._axes) == MOST_KEPT:
            self._further.append(material)
            return
        self._axes.append(numbers)
        self._having.append([material])

    def require_one(self, option: str) -> None:
        """Check that all axes are equal.

        Parameters
        ----------
        option
            What resamples them.

        Raises
        ------
        ConfigError
            Naming materials whose axis is not the most frequent one, and how one of them differs.
        """
        if len(self._axes) < 2:
            return
        usual = max(range(len(self._axes)), key=lambda place: len(self._having[place]))
        places = [place for place in range(len(self._axes)) if place != usual]
        others = [name for place in places for name in self._having[place]] + self._further
        n = len(others) + len(self._having[usual])
        how = _differing(self._axes[places[0]], self._axes[usual])
        raise ConfigError(
            f"{len(others):,} of {n:,} materials have another {self.name!r} than "
            f"{self._having[usual][0]}: {first_few(others)}; {others[0]} has {how}",
            cause="numbers at other points cannot be stored, learnt or scored together",
            next_step=f"resample them to one grid: {option}",
        )


def _differing(own: _Float, usual: _Float) -> str:
    """How an axis differs from the usual one, in words."""
    if len(own) != len(usual):
        return f"{_spanned(own)}, others {_spanned(usual)}"
    place = int(np.flatnonzero(~((own == usual) | (np.isnan(own) & np.isnan(usual))))[0])
    return f"{own[place]!s} as point {place + 1} of {len(own):,}, others {usual[place]!s}"


def _spanned(points: _Float) -> str:
    ends = f" from {points[0]:g} to {points[-1]:g}" if len(points) else ""
    return f"{len(points):,} points{ends}"
