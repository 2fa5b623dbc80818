"""Layers of weighted attention: between the nodes of a set, and from nodes to their set."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from matdata.nn.attention_pooling import pool
from matdata.nn.cpu.autograd import use_loops
from matdata.nn.cpu.onednn_linear import Linear, linear
from matdata.nn.networks import PairLinear, uniform
from matdata.nn.pair_attention import attend
from matdata.nn.segments import Segments
from matdata.nn.table_nodes import TableNodes


class _Heads(nn.Module):
    """What the layers share: gates, powers of the weights, and the last layer of the messages."""

    def __init__(
        self, width: int, heads: int, gates: int, hidden: int, powers: bool = True
    ) -> None:
        super().__init__()
        self.heads, self.gates, self.hidden = heads, gates, hidden
        self.gate = uniform(heads, gates, fan_in=gates)
        # The published code draws the powers from a normal distribution and trains them; the
        # thesis (eq. 4.3) has weights as they are, which is a power of 1.
        self.power = nn.Parameter(torch.randn(heads)) if powers else None
        self.out = uniform(width, heads * hidden, fan_in=hidden)
        self.bias = uniform(heads, width, fan_in=hidden)

    def _prior(self, weights: Tensor) -> Tensor:
        logs = torch.log(weights)[:, None]
        return logs.expand(-1, self.heads) if self.power is None else logs * self.power

    def _mean_of_heads(self, hidden: Tensor) -> Tensor:
        return linear(hidden, self.out, self.bias.sum(0)) / self.heads


class SetMessages(_Heads):
    """A message-passing layer on fully connected sets (Goodall 2022, eq. 4.2 to 4.4).

    ``h_i + mean_m sum_j a_ij^m g^m(h_i ⊕ h_j)``, with gates f and messages g of one hidden layer.
    Heads are averaged as in the published code; eq. 4.4 has their sum.

    Parameters
    ----------
    width
        Channels per node.
    heads
        Attention heads.
    gates, hidden
        Hidden widths of the gates f and of the messages g.
    powers
        Whether each head learns a power of the weights, as in the published code.
    residual
        Whether messages are added to the nodes (eq. 4.4) or take their place.
    """

    def __init__(
        self,
        width: int,
        heads: int = 3,
        gates: int = 256,
        hidden: int = 256,
        powers: bool = True,
        residual: bool = True,
    ) -> None:
        super().__init__(width, heads, gates, hidden, powers)
        self.pair = PairLinear(width, heads * (gates + hidden))
        self.residual = residual

    def forward(self, nodes: Tensor | TableNodes, weights: Tensor, sets: Segments) -> Tensor:
        """Nodes (n, width), or as rows of tables, and their weights (n,) to (n, width)."""
        given = nodes.dense if isinstance(nodes, TableNodes) else nodes
        both, shift = self.pair.apart(nodes) if use_loops(given) else (self.pair.both(given), None)
        hidden = attend(both, shift, self.gate, self._prior(weights), sets)
        messages = self._mean_of_heads(hidden)
        return given + messages if self.residual else messages


class ContextMessages(_Heads):
    """A message-passing layer between the different nodes of a set, in the context of the set.

    ``h_i + mean_m sum_j a_ij^m g^m(h_i ⊕ h_j ⊕ u)`` over j ≠ i, where u is a row that the set has,
    and ``a_ij ~ w_j exp(f(h_i ⊕ h_j ⊕ u))`` (Goodall 2022, eq. 5.1 and 5.2). Weights w and the mean
    over heads are those of the published code; eq. 5.2 has the sum, and the text no weights.
    A node that is alone in its set stays as it is.

    Parameters
    ----------
    width
        Channels per node.
    context
        Numbers of the row of a set; 0 for none.
    heads
        Attention heads.
    gates, hidden
        Hidden widths of the gates f and of the messages g.
    """

    def __init__(
        self, width: int, context: int = 0, heads: int = 3, gates: int = 256, hidden: int = 256
    ) -> None:
        super().__init__(width, heads, gates, hidden, powers=False)
        inner = heads * (gates + hidden)
        self.pair = PairLinear(width, inner, extra=context)
        self.context = uniform(inner, context, fan_in=2 * width + context) if context else None

    def forward(
        self, nodes: Tensor, weights: Tensor, sets: Segments, context: Tensor | None = None
    ) -> Tensor:
        """Nodes (n, width), their weights (n,), and rows of the sets (b, context), to (n, width).

        The products with nodes and rows are computed once for each, not per pair.
        """
        both, shift = self.pair.apart(nodes)
        if self.context is not None and context is not None:
            shift = linear(context, self.context, self.pair.bias)
        hidden = attend(both, shift, self.gate, self._prior(weights), sets, distinct=True)
        # a node without partners gets no message, and no bias of one
        partners = (sets.lengths > 1).index_select(0, sets.owner)
        return nodes + self._mean_of_heads(hidden) * partners[:, None]


class WeightedAttentionPooling(_Heads):
    """Nodes of a set to one row, by weighted attention (Goodall 2022, 4.1).

    Parameters
    ----------
    width
        Channels per node.
    heads
        Attention heads, averaged.
    gates, hidden
        Hidden widths of the gates and of the messages.
    powers
        Whether each head learns a power of the weights, as in the published code of Roost; that of
        reaction graphs has the weights as they are.
    """

    def __init__(
        self,
        width: int,
        heads: int = 3,
        gates: int = 256,
        hidden: int = 256,
        powers: bool = True,
    ) -> None:
        super().__init__(width, heads, gates, hidden, powers)
        self.first = Linear(width, heads * (gates + hidden))

    def forward(self, nodes: Tensor, weights: Tensor, sets: Segments) -> Tensor:
        """Nodes (n, width) and their weights (n,) to one row per set, (b, width)."""
        layer, prior = self.first, self._prior(weights)
        if use_loops(nodes):
            hidden = pool(linear(nodes, layer.weight), layer.bias, self.gate, prior, sets)
        else:
            hidden = pool(layer(nodes), None, self.gate, prior, sets)
        return self._mean_of_heads(hidden)
