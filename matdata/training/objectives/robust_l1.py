"""Laplace likelihood with a learnt scale."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from matdata.training.objectives.numbers import NoiseObjective

if TYPE_CHECKING:
    from torch import Tensor

SQRT2 = math.sqrt(2.0)


class RobustL1(NoiseObjective):
    """``sqrt(2) |y - mu| / s + log s``: Goodall 2022, eq. 2.6 (Laplace likelihood)."""

    name: ClassVar[str] = "robust_l1"
    summary: ClassVar[str] = "Laplace likelihood: numbers and the standard deviation of their noise"

    def entries(self, output: Tensor, truth: Tensor) -> Tensor:
        """Negative log-likelihoods, but for a constant."""
        mean, log_deviation = self.split(output)
        return SQRT2 * (mean - truth).abs() * (-log_deviation).exp() + log_deviation
