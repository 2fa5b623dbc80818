"""Message passing with element-wise attention (eq. 2 to 7) and attention pooling (eq. 8).

Where a network reads the mean of two nodes, its first layer is taken of each node once and the
results are added for each edge, which is the same since the layer is linear.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from matdata.plugin.nn import Linear, linear, segment_softmax, segment_sum
from matdata_finder.graphs import Graph


class PairFunction(nn.Module):
    """A network of two hidden layers on ``(v_i + v_j) / 2`` and further columns of node or edge."""

    def __init__(self, width: int, more: int, hidden: tuple[int, ...], out: int) -> None:
        super().__init__()
        self.width = width
        self.first = Linear(width + more, hidden[0])
        self.second = Linear(hidden[0], hidden[1])
        self.last = Linear(hidden[1], out)

    def forward(
        self, nodes: Tensor, graph: Graph, at_node: Tensor | None, at_edge: Tensor | None
    ) -> Tensor:
        """Outputs (E, out); `at_node` (n, more) or `at_edge` (E, more) are the further columns."""
        weight = self.first.weight
        halves = linear(0.5 * nodes, weight[:, : self.width])
        own = halves + self.first.bias
        if at_node is not None:
            own = own + linear(at_node, weight[:, self.width :])
        hidden = own[graph.first] + halves[graph.second]
        if at_edge is not None:
            hidden = hidden + linear(at_edge, weight[:, self.width :])
        return self.last(functional.relu(self.second(functional.relu(hidden))))


class MessageLayer(nn.Module):
    """One message passing layer.

    Parameters
    ----------
    inputs, width
        Channels per node before and after.
    functions
        Hidden layers of phi_e and phi_m.
    edge
        Channels per edge attribute.
    predicted
        Whether edges are predicted (eq. 2) or given (eq. 3).
    attention
        Element-wise attention; without it a message is that of phi_m alone.
    """

    def __init__(
        self,
        inputs: int,
        width: int,
        functions: tuple[int, ...],
        edge: int,
        predicted: bool,
        attention: bool,
    ) -> None:
        super().__init__()
        self.edges = PairFunction(inputs, inputs, functions, edge) if predicted else None
        self.message = PairFunction(inputs, edge, functions, width)
        self.attention = attention
        if attention:
            # "individual weight matrices" (section 4); a bias of the key cancels in the softmax
            self.query = Linear(inputs, width)
            self.key = Linear(inputs, width, bias=False)
            self.value = Linear(inputs, width)
        self.own = Linear(inputs, width, bias=False)

    def edge_attributes(self, nodes: Tensor, graph: Graph) -> Tensor:
        """e_ij, (E, edge): eq. 2, of both ends and the mean over all neighbours of i; or eq. 3."""
        if self.edges is None:
            assert graph.edges is not None
            return graph.edges
        count = len(nodes)
        weights = graph.weights[:, None]
        total = segment_sum(weights * nodes[graph.second], graph.first, count)
        # an atom without neighbours has a mean of zero
        mean = total / segment_sum(weights, graph.first, count).clamp(min=1.0)
        edges: Tensor = self.edges(nodes, graph, 0.5 * (nodes + mean), None)
        return edges

    def shares(self, nodes: Tensor, graph: Graph) -> Tensor:
        """a_ij, (E, width): eq. 4 and 5, one softmax per column over the neighbours of i."""
        query, key, value = self.query(nodes), self.key(nodes), self.value(nodes)
        scores = query[graph.first] * key[graph.second] / key.shape[-1] ** 0.5
        weights = graph.weights[:, None]
        # a node that stands for w atoms counts w times in the sum; each has the share of one
        soft = segment_softmax(scores, graph.first, len(nodes), graph.log_weights)
        return soft / weights.clamp(min=1.0) * value[graph.second]

    def forward(self, nodes: Tensor, graph: Graph) -> tuple[Tensor, Tensor]:
        """New nodes (n, width), eq. 6 and 7, and the edge attributes."""
        edges = self.edge_attributes(nodes, graph)
        messages = self.message(nodes, graph, None, edges)
        if self.attention:
            messages = messages * self.shares(nodes, graph)
        weights = graph.weights[:, None]
        total = segment_sum(weights * messages, graph.first, len(nodes))
        # a site without neighbours receives nothing
        number = segment_sum(weights, graph.first, len(nodes)).clamp(min=1.0)
        return self.own(nodes) + total / number, edges


class AttentionPooling(nn.Module):
    """``sum_i softmax_i(f(v_i)) g(v_i)`` over the atoms of a material (eq. 8).

    "Inspired from that of Roost" without weights: a scalar gate f and a message g, each with one
    hidden layer of 256 units. (The authors' code averages nodes by a softmax over the whole batch,
    which would make a prediction depend on the batch.)
    """

    def __init__(self, width: int, hidden: int, attention: bool) -> None:
        super().__init__()
        self.gate = None
        if attention:
            last = Linear(hidden, 1, bias=False)
            self.gate = nn.Sequential(Linear(width, hidden), nn.ReLU(), last)
        self.message = nn.Sequential(Linear(width, hidden), nn.ReLU(), Linear(hidden, width))

    def forward(self, nodes: Tensor, graph: Graph) -> Tensor:
        """From nodes (n, width) to materials (b, width)."""
        counts = graph.counts[:, None]
        scores = torch.zeros_like(counts) if self.gate is None else self.gate(nodes)
        shares = graph.materials.softmax(scores, torch.log(counts))
        return graph.materials.sum(shares * self.message(nodes))
