"""Labels, of which each row may have several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from matdata.core.settings import Settings, setting
from matdata.training.objectives.base import Objective, row_mean
from matdata.training.outputs import Distribution
from matdata.training.target import Task

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class MultiLabelOptions(Settings):
    """Options of `MultiLabel`."""

    positive_weight: float = setting(
        1.0, "how much a label that is there counts, one that is not counts 1", minimum=0.0
    )


class MultiLabel(Objective[MultiLabelOptions]):
    """Binary cross entropy of each label, p being the sigmoid of its output.

    ``-w y log p - (1 - y) log (1 - p)``, averaged over the labels that are known of a row.
    """

    name: ClassVar[str] = "multi_label"
    summary: ClassVar[str] = "an independent probability for each of several labels"
    task: ClassVar[Task] = "multi_label"
    metrics: ClassVar[tuple[str, ...]] = (
        *("subset_accuracy", "f1_micro", "f1_macro", "f1_weighted", "log_loss"),
    )
    Options: ClassVar[type[Settings]] = MultiLabelOptions

    def loss(
        self, output: Tensor, truth: Tensor, present: Tensor, context: Mapping[str, Tensor]
    ) -> Tensor:
        """Mean over the known labels of each row."""
        # log p = -softplus(-x), log (1 - p) = -softplus(x), without overflow
        positive = (-output).clamp(min=0.0) + (-output.abs()).exp().log1p()
        negative = positive + output
        weight = self.options.positive_weight
        return row_mean(weight * truth * positive + (1.0 - truth) * negative, present)

    def error(
        self, output: Tensor, truth: Tensor, present: Tensor, context: Mapping[str, Tensor]
    ) -> Tensor:
        """Share of wrong labels in each row (Hamming loss)."""
        wrong = (output > 0) != (truth > 0.5)
        return row_mean(wrong.to(output.dtype), present)

    def decode(self, output: Tensor, context: Mapping[str, Tensor]) -> Distribution[Tensor]:
        """Probability of each label."""
        chances = output.sigmoid()
        return Distribution(chances, None, chances)
