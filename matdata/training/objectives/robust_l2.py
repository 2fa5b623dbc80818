"""Gaussian likelihood with a learnt scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from matdata.training.objectives.numbers import NoiseObjective

if TYPE_CHECKING:
    from torch import Tensor


class RobustL2(NoiseObjective):
    """``(y - mu)^2 / (2 s^2) + log s``: Gaussian likelihood (Nix and Weigend 1994, eq. 3)."""

    name: ClassVar[str] = "robust_l2"
    summary: ClassVar[str] = "normal likelihood: numbers and the standard deviation of their noise"

    def entries(self, output: Tensor, truth: Tensor) -> Tensor:
        """Negative log-likelihoods, but for a constant."""
        mean, log_deviation = self.split(output)
        return 0.5 * (mean - truth) ** 2 * (-2.0 * log_deviation).exp() + log_deviation
