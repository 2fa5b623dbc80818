"""Cross entropy of a sequence of words, position by position."""

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
class SequenceOptions(Settings):
    """Options of `WordSequence`."""

    weights: str = setting(
        "none",
        "all words count alike, or balanced: a word counts the more the fewer there are of it in "
        "the batch, by the number of the most frequent one over its own",
        choices=("none", "balanced"),
    )


class WordSequence(Objective[SequenceOptions]):
    """``-log p`` of the true word at each position of a sequence, its end included.

    p is the softmax of the outputs of that position over all words and the end; a model returns
    them position by position, (b, p * (k + 1)). A row counts by the mean over its positions.
    """

    name: ClassVar[str] = "sequence"
    summary: ClassVar[str] = "cross entropy of the words of a sequence, position by position"
    task: ClassVar[Task] = "sequence"
    metrics: ClassVar[tuple[str, ...]] = ("token_accuracy", "sequence_accuracy", "log_loss")
    Options: ClassVar[type[Settings]] = SequenceOptions

    def _by_position(self, output: Tensor) -> Tensor:
        shape = self.target.columns, len(self.target.classes) + 1
        return output.reshape(*output.shape[:-1], *shape)

    def _weights(self, truth: Tensor, known: Tensor) -> Tensor:
        """Weight of each entry (b, p), of the mean 1 over those that are known."""
        if self.options.weights == "none":
            return known.to(truth.dtype)
        kinds = len(self.target.classes) + 1
        index = truth.clamp(min=0).long().flatten()
        counts = truth.new_zeros(kinds).index_add(0, index, known.flatten().to(truth.dtype))
        raised = (counts.max() / counts.clamp(min=1.0)).index_select(0, index).view_as(truth)
        raised = raised * known
        return raised * (known.sum() / raised.sum().clamp(min=1.0))

    def loss(
        self, output: Tensor, truth: Tensor, present: Tensor, context: Mapping[str, Tensor]
    ) -> Tensor:
        """Mean of ``-log p`` over the positions of each row."""
        logs = self._by_position(output).log_softmax(-1)
        index = truth.clamp(min=0).long()
        picked = logs.gather(-1, index.expand(logs.shape[:-1])[..., None]).squeeze(-1)
        known = present & (truth >= 0)
        return row_mean(-picked * self._weights(truth, known), known)

    def error(
        self, output: Tensor, truth: Tensor, present: Tensor, context: Mapping[str, Tensor]
    ) -> Tensor:
        """Share of the positions of each row at which another word is more probable."""
        wrong = self._by_position(output).argmax(-1) != truth.long()
        return row_mean(wrong.to(output.dtype), present)

    def decode(self, output: Tensor, context: Mapping[str, Tensor]) -> Distribution[Tensor]:
        """Probability of each word at each position."""
        chances = self._by_position(output).softmax(-1).flatten(-2)
        return Distribution(chances, None, chances)
