"""The axis of an array target: energies of a spectrum, temperatures of a curve."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matdata.core.errors import ConfigError

#: Points of an axis are stored in the manifest of a run.
MOST_POINTS = 100_000


@dataclass(frozen=True)
class Axis:
    """Where the numbers of an array target stand.

    Attributes
    ----------
    name
        What it is, or the column of the table that holds it.
    unit
        Unit of the values, ``1`` if they have none.
    values
        Rising or falling, one per number of the target.
    weights
        How much each point counts in loss and metrics; equally if not given.

    Raises
    ------
    ConfigError
        If values are not finite, do not rise or fall, or weights do not fit them.
    """

    name: str
    unit: str
    values: tuple[float, ...]
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        values = _numbers(self.values, self.name)
        object.__setattr__(self, "values", values)
        steps = {second > first for first, second in itertools.pairwise(values)}
        if len(steps) > 1 or len(set(values)) < len(values):
            raise ConfigError(f"values of the axis {self.name!r} neither rise nor fall throughout")
        if self.weights is None:
            return
        weights = _numbers(self.weights, self.name)
        if len(weights) != len(values) or min(weights, default=0) < 0 or not sum(weights):
            raise ConfigError(
                f"the axis {self.name!r} has {len(values)} values and {len(weights)} weights",
                next_step="give one weight per value, none of them negative, not all 0",
            )
        object.__setattr__(self, "weights", weights)

    def with_trapezoid(self) -> Axis:
        """The same, weighted as the trapezoidal rule weighs the values: half of both steps.

        A mean over the points is then the mean over the axis.

        Raises
        ------
        ConfigError
            If the axis has a single value.
        """
        if len(self.values) < 2:
            raise ConfigError(f"the axis {self.name!r} has one value, which no rule weighs")
        steps = np.abs(np.diff(self.values))
        weights = 0.5 * (np.append(steps, 0.0) + np.append(0.0, steps))
        return Axis(self.name, self.unit, self.values, tuple(weights.tolist()))

    def to_dict(self) -> dict[str, object]:
        """As a record."""
        plain: dict[str, object] = {
            "name": self.name,
            "unit": self.unit,
            "values": list(self.values),
        }
        return plain if self.weights is None else {**plain, "weights": list(self.weights)}


def _numbers(values: Sequence[float], name: str) -> tuple[float, ...]:
    """Finite numbers, as they are stored.

    Raises
    ------
    ConfigError
        If one is none, or there are too many.
    """
    if isinstance(values, str) or len(values) > MOST_POINTS:
        raise ConfigError(f"the axis {name!r} needs at most {MOST_POINTS:,} numbers")
    try:
        numbers = tuple(float(value) for value in values)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"the axis {name!r} holds what is no number: {error}") from error
    if not all(map(math.isfinite, numbers)):
        raise ConfigError(f"the axis {name!r} holds numbers that are not finite")
    return numbers
