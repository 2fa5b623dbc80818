"""Squared error."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from matdata.training.objectives.numbers import NumberObjective

if TYPE_CHECKING:
    from torch import Tensor


class SquaredError(NumberObjective):
    """``(y - mu)^2``."""

    name: ClassVar[str] = "mse"
    summary: ClassVar[str] = "squared error"

    def entries(self, output: Tensor, truth: Tensor) -> Tensor:
        """Squared errors."""
        squares: Tensor = (output - truth) ** 2
        return squares
