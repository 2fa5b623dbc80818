"""Cross entropy of classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from matdata.training.objectives.base import Objective
from matdata.training.outputs import Distribution
from matdata.training.target import Task

if TYPE_CHECKING:
    from torch import Tensor


class CrossEntropy(Objective):
    """``-log p`` of the true class, p being the softmax of the outputs; truths are indices."""

    name: ClassVar[str] = "cross_entropy"
    summary: ClassVar[str] = "cross entropy of classes, of which each row has one"
    task: ClassVar[Task] = "classification"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "roc_auc", "f1", "log_loss")

    def loss(
        self, output: Tensor, truth: Tensor, present: Tensor, context: Mapping[str, Tensor]
    ) -> Tensor:
        """``-log p`` of each row."""
        logs = output.log_softmax(-1)
        index = truth[:, 0].long()
        return -logs.gather(-1, index.expand(logs.shape[:-1])[..., None]).squeeze(-1)

    def error(
        self, output: Tensor, truth: Tensor, present: Tensor, context: Mapping[str, Tensor]
    ) -> Tensor:
        """1 where the most probable class is wrong."""
        return (output.argmax(-1) != truth[:, 0].long()).to(output.dtype)

    def decode(self, output: Tensor, context: Mapping[str, Tensor]) -> Distribution[Tensor]:
        """Probabilities of the classes."""
        chances = output.softmax(-1)
        return Distribution(chances, None, chances)
