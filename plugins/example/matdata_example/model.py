"""The network of the example trainer."""

from __future__ import annotations

from torch import Tensor, nn

from matdata.plugin import Batch, FractionBatch
from matdata_example.hypers import Hypers


class FractionNet(nn.Module):
    """A hidden layer on the atomic fractions of the elements."""

    def __init__(self, hypers: Hypers, elements: int, outputs: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(elements, hypers.width)
        self.out = nn.Linear(hypers.width, outputs)

    def forward(self, batch: Batch) -> Tensor:
        """Outputs (b, o) of a batch."""
        fractions = batch.get("fractions", FractionBatch).values
        result: Tensor = self.out(nn.functional.silu(self.hidden(fractions)))
        return result
