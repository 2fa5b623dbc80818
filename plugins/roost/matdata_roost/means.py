"""Means in place of attention: model 6 of the ablations (thesis, eq. 4.5)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from matdata.plugin import nn as blocks

#: Slope below 0 of the hidden layer, as in the attention.
SLOPE = 0.01


class MeanMessages(nn.Module):
    """``h_i + 1/J sum_j g(h_i ⊕ h_j)``, with messages g of one hidden layer.

    j runs over all elements of the formula, i among them, as it does in the attention of the
    published code; the text of eq. 4.5 has the others.

    Parameters
    ----------
    width
        Channels per element.
    hidden
        Hidden width of the messages g.
    residual
        Whether messages are added to the elements or take their place.
    """

    def __init__(self, width: int, hidden: int = 256, residual: bool = True) -> None:
        super().__init__()
        self.pair = blocks.PairLinear(width, hidden)
        self.out = blocks.Linear(hidden, width)
        self.residual = residual

    def forward(self, nodes: Tensor, weights: Tensor, sets: blocks.Segments) -> Tensor:
        """Elements (n, width) to (n, width); their weights (n,) are not read."""
        first, second = sets.pairs
        hidden = F.leaky_relu(self.pair(nodes, first, second), SLOPE)
        # the linear layer after the mean: the shares of the pairs sum to 1
        messages: Tensor = self.out(blocks.segment_mean(hidden, first, len(nodes)))
        return nodes + messages if self.residual else messages


class MeanPooling(nn.Module):
    """``1/J sum_j g(h_j)``: elements of a formula to one row.

    Parameters
    ----------
    width
        Channels per element.
    hidden
        Hidden width of g.
    """

    def __init__(self, width: int, hidden: int = 256) -> None:
        super().__init__()
        self.first = blocks.Linear(width, hidden)
        self.out = blocks.Linear(hidden, width)

    def forward(self, nodes: Tensor, weights: Tensor, sets: blocks.Segments) -> Tensor:
        """Elements (n, width) to one row per formula (b, width); weights (n,) are not read."""
        hidden = F.leaky_relu(self.first(nodes), SLOPE)
        rows: Tensor = self.out(blocks.segment_mean(hidden, sets.owner, sets.count))
        return rows
