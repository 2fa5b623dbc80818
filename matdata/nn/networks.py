"""Layers that several models share: networks with one hidden layer, with residuals, on pairs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matdata.nn.cpu.onednn_linear import Linear, linear
from matdata.nn.table_nodes import TableNodes


def uniform(*shape: int, fan_in: int) -> nn.Parameter:
    """A parameter drawn from ±1/sqrt(fan_in), as `nn.Linear` draws weights and biases."""
    bound = 1.0 / math.sqrt(fan_in) if fan_in else 0.0
    return nn.Parameter(torch.empty(*shape).uniform_(-bound, bound))


def start_as_keras(network: nn.Module) -> None:
    """Draw the weights of linear and convolutional layers anew, as Keras does by default.

    Weights are uniform within ``sqrt(6 / (fan_in + fan_out))`` (Glorot and Bengio 2010), biases 0.
    PyTorch's are within ``1 / sqrt(fan_in)``, 1.7 times less where a layer is as wide as the one
    before it, so that a network that was published in Keras would start with weaker signals.
    """
    for part in network.modules():
        if isinstance(part, (nn.Linear, nn.Conv1d)):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


class SimpleNetwork(nn.Module):
    """Feed-forward network: linear layers with an activation between them.

    Parameters
    ----------
    width_in, width_out
        Numbers of a row before and after.
    hidden
        Widths of the hidden layers; none for a linear layer alone.
    slope
        Slope of the leaky ReLU below 0 (Goodall 2022, app. A.1); 0 for a ReLU.
    """

    def __init__(
        self, width_in: int, width_out: int, hidden: Sequence[int] = (), slope: float = 0.01
    ) -> None:
        super().__init__()
        widths = [width_in, *hidden, width_out]
        self.layers = nn.ModuleList(Linear(a, b) for a, b in itertools.pairwise(widths))
        self.slope = slope

    def forward(self, rows: Tensor) -> Tensor:
        """(n, width_in) to (n, width_out)."""
        *inner, last = self.layers
        for layer in inner:
            rows = F.leaky_relu(layer(rows), self.slope)
        out: Tensor = last(rows)
        return out


class ResidualLayer(nn.Module):
    """``relu(W x + b) + P x``; P is the identity where widths agree, else learnt without bias.

    W and P are one matrix, so that both products are one.
    """

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.projected = width_in != width_out
        rows = 2 * width_out if self.projected else width_out
        self.weight = uniform(rows, width_in, fan_in=width_in)
        self.bias = uniform(width_out, fan_in=width_in)

    def forward(self, rows: Tensor) -> Tensor:
        """(n, width_in) to (n, width_out)."""
        product = linear(rows, self.weight)
        if not self.projected:
            return F.relu(product + self.bias) + rows
        bent, straight = product.chunk(2, 1)
        return F.relu(bent + self.bias) + straight


class ResidualNetwork(nn.Module):
    """Residual layers, then a linear one: the output network of Roost and Wren.

    Parameters
    ----------
    width_in, width_out
        Numbers of a row before and after.
    hidden
        Widths of the residual layers.
    """

    def __init__(self, width_in: int, width_out: int, hidden: Sequence[int]) -> None:
        super().__init__()
        widths = [width_in, *hidden]
        self.layers = nn.ModuleList(ResidualLayer(a, b) for a, b in itertools.pairwise(widths))
        self.last = Linear(widths[-1], width_out)

    def forward(self, rows: Tensor) -> Tensor:
        """(n, width_in) to (n, width_out)."""
        for layer in self.layers:
            rows = layer(rows)
        out: Tensor = self.last(rows)
        return out


class PairLinear(nn.Module):
    """A linear layer on concatenated pairs: ``W (h_i ⊕ h_j) + b = (W_1 h_i + b) + W_2 h_j``.

    Both products are computed once per node, not per pair. W is one matrix whose first
    rows are W_1.

    Parameters
    ----------
    width_in
        Channels per node.
    width_out
        Channels per pair.
    extra
        Channels per pair that are concatenated too, by the caller (they widen the fan-in).
    """

    def __init__(self, width_in: int, width_out: int, extra: int = 0) -> None:
        super().__init__()
        fan_in = 2 * width_in + extra
        self.weight = uniform(2 * width_out, width_in, fan_in=fan_in)
        self.bias = uniform(width_out, fan_in=fan_in)
        self.width = width_out

    def both(self, nodes: Tensor) -> Tensor:
        """What a node adds to a pair as its first, then as its second, (n, 2 * width_out)."""
        return linear(nodes, self.weight, F.pad(self.bias, (0, self.width)))

    def apart(self, nodes: Tensor | TableNodes) -> tuple[Tensor, Tensor]:
        """As `both`, without the bias, and the bias as a row, (1, width_out)."""
        if isinstance(nodes, TableNodes):
            return nodes.linear(self.weight), self.bias[None]
        return linear(nodes, self.weight), self.bias[None]

    def forward(self, nodes: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """Nodes (n, width_in) and the nodes of each pair, two (P,), to (P, width_out)."""
        own, other = self.both(nodes).chunk(2, 1)
        return own.index_select(0, first) + other.index_select(0, second)
