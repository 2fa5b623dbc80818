"""What objectives of numbers share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from matdata.training.objectives.base import O_co, Objective, row_mean
from matdata.training.outputs import Distribution
from matdata.training.target import Target, Task

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class NumberObjective(Objective[O_co]):
    """A loss of each number; that of a row is the mean over its axis, by the axis's weights."""

    task: ClassVar[Task] = "regression"
    metrics: ClassVar[tuple[str, ...]] = ("mae", "rmse", "r2", "mad_mae", "max_error")

    @abstractmethod
    def entries(self, output: Tensor, truth: Tensor) -> Tensor:
        """Loss of each number, (..., b, k)."""

    def mean(self, output: Tensor) -> Tensor:
        """What is predicted, (..., b, k)."""
        return output

    def __init__(self, target: Target, options: O_co) -> None:
        super().__init__(target, options)
        self._weights: dict[tuple[torch.device, torch.dtype], Tensor] = {}

    def _row_mean(self, entries: Tensor, present: Tensor) -> Tensor:
        axis = self.target.axis
        if axis is None or axis.weights is None:
            return row_mean(entries, present)
        import torch

        place = entries.device, entries.dtype
        if place not in self._weights:  # thousands of numbers, once per device
            with torch.inference_mode(mode=False):  # gradients pass it, whoever asks first
                self._weights[place] = torch.tensor(axis.weights, device=place[0], dtype=place[1])
        return row_mean(entries, present, self._weights[place])

    def loss(
        self, output: Tensor, truth: Tensor, present: Tensor, context: Mapping[str, Tensor]
    ) -> Tensor:
        """Mean of `entries` over the known numbers of each row."""
        return self._row_mean(self.entries(output, truth), present)

    def error(
        self, output: Tensor, truth: Tensor, present: Tensor, context: Mapping[str, Tensor]
    ) -> Tensor:
        """Mean absolute error of each row."""
        return self._row_mean((self.mean(output) - truth).abs(), present)

    def decode(self, output: Tensor, context: Mapping[str, Tensor]) -> Distribution[Tensor]:
        """The numbers as they are."""
        return Distribution(output)


class NoiseObjective(NumberObjective[O_co]):
    """One that learns the noise, too: means, then logarithms of its standard deviations."""

    def parts(self) -> tuple[int, ...]:
        """Two columns per number."""
        return (self.target.size, self.target.size)

    def split(self, output: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithms of standard deviations, (..., b, k) each."""
        size = self.target.size
        return output[..., :size], output[..., size:]

    def mean(self, output: Tensor) -> Tensor:
        """The first half of the columns."""
        return self.split(output)[0]

    def decode(self, output: Tensor, context: Mapping[str, Tensor]) -> Distribution[Tensor]:
        """Means and standard deviations."""
        mean, log_deviation = self.split(output)
        return Distribution(mean, log_deviation.exp())
