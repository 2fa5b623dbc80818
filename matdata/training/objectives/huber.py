"""Squared error up to a limit, absolute error beyond it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from matdata.core.settings import Settings, setting
from matdata.training.objectives.numbers import NumberObjective

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class HuberOptions(Settings):
    """Options of `Huber`."""

    delta: float = setting(1.0, "where squares become lines, in normalised units", minimum=1e-12)


class Huber(NumberObjective[HuberOptions]):
    """``(y - mu)^2 / 2`` up to delta, then ``delta (|y - mu| - delta / 2)`` (Huber 1964)."""

    name: ClassVar[str] = "huber"
    summary: ClassVar[str] = "squared error up to delta, absolute error beyond"
    Options: ClassVar[type[Settings]] = HuberOptions
    loop_options: ClassVar[Mapping[str, str]] = {"delta": "huber_delta"}

    def entries(self, output: Tensor, truth: Tensor) -> Tensor:
        """Losses of the numbers."""
        error, delta = (output - truth).abs(), self.options.delta
        return (0.5 * error**2).where(error <= delta, delta * (error - 0.5 * delta))
