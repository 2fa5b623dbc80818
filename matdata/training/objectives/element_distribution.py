"""A distribution over the elements, such as the composition of a product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from matdata.core.settings import Settings, setting
from matdata.training.objectives.base import TINY, Objective
from matdata.training.outputs import Distribution
from matdata.training.target import Task

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class ElementDistributionOptions(Settings):
    """Options of `ElementDistribution`."""

    divergence: str = setting(
        "cross_entropy",
        "cross entropy, or kl: less the entropy of the truth (the same gradients), or squared: sum "
        "of squared differences",
        choices=("cross_entropy", "kl", "squared"),
    )
    among: str = setting(
        "all",
        "elements that loss and error share 1 among: all, or those of the truth, so that amounts "
        "are learnt with the right elements (Goodall 2022, 5.3); predictions are among all",
        choices=("all", "truth"),
    )
    allowed: str = setting(
        "",
        "spec of a dense input of the same width: elements that are 0 there have probability 0",
    )


class ElementDistribution(Objective[ElementDistributionOptions]):
    """``-sum_z p_z log q_z``: q is the softmax of the outputs, p the true fractions.

    Goodall 2022, ch. 5: the elements of a product among those of its precursors, so that q is 0
    for all others (the mask).
    """

    name: ClassVar[str] = "element_distribution"
    summary: ClassVar[str] = "a distribution over elements, compared by its cross entropy"
    task: ClassVar[Task] = "distribution"
    metrics: ClassVar[tuple[str, ...]] = ("l1", "l2", "kl", "top1", "elemd")
    Options: ClassVar[type[Settings]] = ElementDistributionOptions

    @property
    def context(self) -> tuple[str, ...]:
        """The input that marks the allowed elements, if one is named."""
        return (self.options.allowed,) if self.options.allowed else ()

    def _logits(self, output: Tensor, context: Mapping[str, Tensor]) -> Tensor:
        if not self.options.allowed:
            return output
        return output.masked_fill(context[self.options.allowed] <= 0, float("-inf"))

    def _among(self, logits: Tensor, shares: Tensor) -> Tensor:
        if self.options.among == "all":
            return logits
        return logits.masked_fill(shares <= 0, float("-inf"))

    def _shares(self, truth: Tensor) -> Tensor:
        return truth / truth.sum(-1, keepdim=True).clamp(min=TINY)

    def loss(
        self, output: Tensor, truth: Tensor, present: Tensor, context: Mapping[str, Tensor]
    ) -> Tensor:
        """Divergence of each row; infinite where a true element is not allowed."""
        shares = self._shares(truth)
        logs = self._among(self._logits(output, context), shares).log_softmax(-1)
        if self.options.divergence == "squared":
            return (logs.exp() - shares).square().sum(-1)
        crossed = -(shares * logs).where(shares > 0, 0.0).sum(-1)
        if self.options.divergence == "cross_entropy":
            return crossed
        return crossed + (shares * shares.clamp(min=TINY).log()).sum(-1)

    def error(
        self, output: Tensor, truth: Tensor, present: Tensor, context: Mapping[str, Tensor]
    ) -> Tensor:
        """Total variation distance of each row: half of the sum of absolute differences."""
        shares = self._shares(truth)
        chances = self._among(self._logits(output, context), shares).softmax(-1)
        return 0.5 * (chances - shares).abs().sum(-1)

    def decode(self, output: Tensor, context: Mapping[str, Tensor]) -> Distribution[Tensor]:
        """Probability of each element."""
        chances = self._logits(output, context).softmax(-1)
        return Distribution(chances, None, chances)
