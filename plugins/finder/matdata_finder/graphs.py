"""Formula graphs and crystal graphs as one kind of graph.

In a formula graph all atoms of an element have the same neighbours, so they have the same
attributes in every layer. One node stands for them, and its weight, their number, enters every sum
over nodes: the same numbers as with one node per atom, from k^2 edges in place of N^2 (9 in place
of 121 for Mg2V2O7). In a crystal graph each site is a node of weight 1.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch import Tensor

from matdata.plugin import FormulaGraphBatch, GraphBatch, Segments
from matdata.plugin.nn import segment_sum


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes and directed edges of a batch.

    Attributes
    ----------
    numbers : (n,) int64
        Atomic number of each node.
    materials
        Where the nodes of each material are.
    counts : (n,) float32
        Atoms that a node stands for.
    first, second : (E,) int64
        Node i that receives the message of an edge, and its neighbour j.
    weights : (E,) float32
        Atoms at the far end of each edge that are neighbours of an atom at the near one.
    edges : (E, k) float32, optional
        Edge attributes; None where they are predicted.
    """

    numbers: Tensor
    materials: Segments
    counts: Tensor
    first: Tensor
    second: Tensor
    weights: Tensor
    edges: Tensor | None

    @functools.cached_property
    def log_weights(self) -> Tensor:
        """Logarithms of the weights, (E, 1); minus infinity takes an edge out of a softmax.

        An atom without any neighbour keeps its edge of weight 0, whose message counts for nothing.
        """
        number = segment_sum(self.weights, self.first, len(self.numbers))
        none = torch.where(number[self.first] > 0, -torch.inf, 0.0)
        return torch.where(self.weights > 0, torch.log(self.weights), none)[:, None]


def formula_graph(read: FormulaGraphBatch, self_edges: bool = True) -> Graph:
    """From a ``formula-graph`` input: fully connected, with each atom its own neighbour or not.

    Equation 5 sums over all nodes and equation 7 over messages 0 to N - 1, as if an atom was among
    its own neighbours; the adjacency of the authors' code leaves it out. Of n atoms of one element
    each has n - 1 others as neighbours then: the edge of a node to itself has that weight, 0 for
    an element with one atom, and stays in its place so that no size depends on values.
    """
    elements = read.segments["element"]
    first, second = elements.pairs
    counts = read.counts.to(torch.float32)
    weights = counts[second]
    if not self_edges:
        weights = weights - (first == second).to(weights.dtype)
    return Graph(read.elements, elements, counts, first, second, weights, None)


def crystal_graph(read: GraphBatch) -> Graph:
    """From a ``graph`` input: the 20 Gaussians of the distance are the edge attributes (eq. 3)."""
    numbers = read.numbers
    return Graph(
        numbers,
        read.segments["site"],
        torch.ones(len(numbers), device=numbers.device),
        read.sender,
        read.receiver,
        torch.ones(len(read.sender), device=numbers.device),
        read.basis("megnet"),
    )
