"""Formula graphs and crystal graphs as one kind of graph.

In a formula graph all atoms of an element have the same neighbours, so they have the same
attributes in every layer. One node stands for them, and its weight, their number, enters every sum
over nodes: the same numbers as with one node per atom, from k^2 edges in place of N^2 (9 in place
of 121 for Mg2V2O7). In a crystal graph each site is a node of weight 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from matdata.plugin import FormulaGraphBatch, GraphBatch, Segments


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
    edges : (E, k) float32, optional
        Edge attributes; None where they are predicted.
    """

    numbers: Tensor
    materials: Segments
    counts: Tensor
    first: Tensor
    second: Tensor
    edges: Tensor | None

    @property
    def weights(self) -> Tensor:
        """Atoms at the far end of each edge, (E,)."""
        return self.counts[self.second]


def formula_graph(read: FormulaGraphBatch) -> Graph:
    """From a ``formula-graph`` input: fully connected, a node with itself too.

    Equation 5 sums over all nodes and equation 7 over messages 0 to N - 1, so a node is among its
    own neighbours; figure 4c has a diagonal.
    """
    elements = read.segments["element"]
    first, second = elements.pairs
    counts = read.counts.to(torch.float32)
    return Graph(read.elements, elements, counts, first, second, None)


def crystal_graph(read: GraphBatch) -> Graph:
    """From a ``graph`` input: the 20 Gaussians of the distance are the edge attributes (eq. 3)."""
    numbers = read.numbers
    return Graph(
        numbers,
        read.segments["site"],
        torch.ones(len(numbers), device=numbers.device),
        read.sender,
        read.receiver,
        read.basis("megnet"),
    )
