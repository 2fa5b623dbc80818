"""The network of Finder (figure 2) for both kinds of graph."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from matdata.plugin import (
    GAUSSIAN_BASES,
    Batch,
    ConfigError,
    FormulaGraphBatch,
    GraphBatch,
    Schema,
    element_vectors,
)
from matdata.plugin.nn import Linear, start_as_keras
from matdata_finder.graphs import Graph, crystal_graph, formula_graph
from matdata_finder.hypers import Hypers
from matdata_finder.layers import AttentionPooling, MessageLayer

#: Gaussians of a distance: 20 (section 4).
GAUSSIANS = GAUSSIAN_BASES["megnet"].count


class PostNetwork(nn.Module):
    """One convolution and four dense layers with skip connections (section 4, figure 2).

    The convolution runs along the columns of the last pooled vector (3 wide, zeros beyond). The
    text leaves open where skips end; as in the authors' code, pooled vectors of earlier layers
    join the second dense layer, the last one the third, and the feature maps the fourth.
    """

    def __init__(self, width: int, layers: int, hypers: Hypers, outputs: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(1, hypers.filters, 3, padding=1)
        maps = hypers.filters * width
        more = (0, (layers - 1) * width, width, maps)
        sizes = list(pairwise((maps, *hypers.dense)))
        self.dense = nn.ModuleList(
            Linear(a + extra, b) for (a, b), extra in zip(sizes, more, strict=True)
        )
        self.last = Linear(hypers.dense[-1], outputs)

    def forward(self, pooled: list[Tensor]) -> Tensor:
        """From pooled vectors of each layer (b, width) to (b, outputs)."""
        maps = functional.relu(self.convolution(pooled[-1][:, None, :])).flatten(1)
        values = maps
        joins: list[list[Tensor]] = [[], pooled[:-1], pooled[-1:], [maps]]
        for layer, extra in zip(self.dense, joins, strict=True):
            values = functional.relu(layer(torch.cat([values, *extra], 1)))
        return self.last(values)


class FinderModel(nn.Module):
    """Message passing layers, each with its pooling, and the post-processing network."""

    table: Tensor

    def __init__(self, hypers: Hypers, schema: Schema) -> None:
        super().__init__()
        self.formula, self.form = hypers.graph == "formula", hypers.form()
        self.means = schema.means
        table = torch.from_numpy(np.array(element_vectors(hypers.table)))
        table[0] = 0.0
        self.register_buffer("table", table, persistent=False)
        sizes = [table.shape[1], *[hypers.width] * hypers.layers]
        edge = hypers.edge if self.formula else GAUSSIANS
        self.layers = nn.ModuleList(
            MessageLayer(a, b, hypers.functions, edge, self.formula, hypers.attention)
            for a, b in pairwise(sizes)
        )
        self.pools = nn.ModuleList(
            AttentionPooling(hypers.width, hypers.pool, hypers.pool_attention) for _ in self.layers
        )
        self.post: PostNetwork | None = None
        if hypers.post:
            self.post = PostNetwork(hypers.width, hypers.layers, hypers, schema.outputs)
        else:
            # only the last vector is read
            self.pools = self.pools[-1:]
            self.last = Linear(hypers.width, schema.outputs)
        # "implemented in Keras" (section 4); with PyTorch's smaller weights phi_e of the last
        # layer died in training, and all its edges were equal
        start_as_keras(self)

    def graph(self, batch: Batch) -> Graph:
        """The graph that is read."""
        if self.formula:
            read = batch.get("formula-graph", FormulaGraphBatch)
            return formula_graph(read, self.form.self_edges)
        return crystal_graph(batch.get("graph", GraphBatch))

    def _nodes(self, graph: Graph) -> tuple[list[Tensor], list[Tensor]]:
        """Nodes after each layer, and the edge attributes of each."""
        nodes, layers, edges = self.table[graph.numbers], [], []
        for layer in self.layers:
            nodes, attributes = layer(nodes, graph)
            layers.append(nodes)
            edges.append(attributes)
        return layers, edges

    def _pooled(self, batch: Batch) -> list[Tensor]:
        graph = self.graph(batch)
        nodes, _ = self._nodes(graph)
        pairs = zip(self.pools, nodes[-len(self.pools) :], strict=True)
        return [pool(values, graph) for pool, values in pairs]

    def forward(self, batch: Batch) -> Tensor:
        """Predictions, (b, outputs)."""
        pooled = self._pooled(batch)
        output = self.last(pooled[-1]) if self.post is None else self.post(pooled)
        if not self.form.clamp:
            return output
        # "tensor clipping" (section 4): logarithms of standard deviations, after the means
        logs = output[:, self.means :].clamp(-self.form.clamp, self.form.clamp)
        return torch.cat([output[:, : self.means], logs], 1)

    def embeddings(self, batch: Batch) -> Tensor:
        """Materials as the final pooling layer has them, (b, width): figure 5c to 5f."""
        return self._pooled(batch)[-1]

    def feature_maps(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Final nodes (n, width), elements or sites, and where those of each material begin."""
        graph = self.graph(batch)
        return self._nodes(graph)[0][-1], graph.materials.offsets

    def edge_matrices(self, batch: Batch, layer: int = 0) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Edge attributes between the elements of each formula: figure 4c.

        Parameters
        ----------
        batch
            Formulas.
        layer
            Message passing layer, from 1; 0 for the last one.

        Returns
        -------
        list of tuple
            For each formula the atomic numbers (k,) in ascending order, the atoms of each in the
            integer formula (k,), and the matrix (k, k), whose row i holds e_ij of the elements j.
            An edge attribute of several channels is shown by their mean.

        Raises
        ------
        ConfigError
            If the network reads crystal graphs, whose edges are distances, or has no such layer.
        """
        if not self.formula:
            raise ConfigError(
                "edges of graph=crystal are distances; there is nothing predicted to show",
                next_step="train with graph=formula",
            )
        if not 0 <= layer <= len(self.layers):
            raise ConfigError(
                f"there is no layer {layer}; the network has {len(self.layers)}",
                next_step="layers count from 1, and 0 is the last one",
            )
        graph = self.graph(batch)
        edges = self._nodes(graph)[1][layer - 1].mean(1)
        counts = graph.counts.to(torch.int64)
        matrices, begin = [], 0
        for low, high in pairwise(graph.materials.host_offsets.tolist()):
            size = high - low
            matrix = edges[begin : begin + size * size].reshape(size, size)
            matrices.append((graph.numbers[low:high], counts[low:high], matrix))
            begin += size * size
        return matrices
