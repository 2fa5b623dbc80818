"""The other sides of `structure_models.py`: networks of other packages, trained as they train."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from epoch_vs_aviary import Ours
    from pymatgen.core import Structure
    from torch import Tensor

    from matdata.core.crystals import Crystals
    from matdata.plugin import GraphBatch


class Theirs(ABC):
    """The same network of another package, trained as that package trains.

    Parameters
    ----------
    package
        Its name.
    network
        With the weights of ours.
    ours
        The other side, whose materials, batches and rate are used.
    optimizer
        The same as that of ours.
    """

    def __init__(
        self,
        package: str,
        network: torch.nn.Module,
        ours: Ours,
        optimizer: type[torch.optim.Adam] = torch.optim.Adam,
    ) -> None:
        self.package, self.network, self.size = package, network, ours.batch
        self.rows = {name: row for row, name in enumerate(ours.ids.tolist())}
        self.part = ours.parts[0]
        decay = ours.engine.recipe.settings.weight_decay
        self.optimizer = optimizer(network.parameters(), lr=ours.lr, weight_decay=decay)
        normalizer = ours.normalizer
        assert normalizer is not None
        self.encoded = (ours.values - normalizer.shift[0]) / normalizer.scale[0]

    @abstractmethod
    def batch(self, rows: Sequence[int]) -> Any:
        """The materials of these rows as its loader makes them."""

    @abstractmethod
    def loss(self, batch: Any) -> Tensor:
        """Mean loss of a batch."""

    def step(self, rows: Sequence[int]) -> float:
        """One optimizer step; returns the loss before it."""
        loss = self.loss(self.batch(rows))
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.optimizer.step()
        return float(loss.detach())

    def epoch(self) -> None:
        """One pass over the training part."""
        order = torch.randperm(len(self.part)).numpy()
        for first in range(0, len(order), self.size):
            self.step(self.part[order[first : first + self.size]].tolist())


class MatGL(Theirs):
    """MEGNet of matgl, by its data set and its Lightning module."""

    def __init__(
        self, network: torch.nn.Module, ours: Ours, structures: Sequence[Structure]
    ) -> None:
        from matgl.ext.pymatgen import Structure2Graph
        from matgl.graph.data import MGLDataset
        from matgl.utils.training import ModelLightningModule

        super().__init__("matgl", network.train(), ours)
        self.folder = tempfile.TemporaryDirectory()  # it writes there even without a cache
        converter = Structure2Graph(element_types=network.element_types, cutoff=network.cutoff)
        self.data = MGLDataset(
            structures=list(structures),
            converter=converter,
            labels={"target": self.encoded.tolist()},
            save_cache=False,
            root=self.folder.name,
        )
        self.module = ModelLightningModule(model=network, loss="mse_loss", lr=ours.lr)

    def batch(self, rows: Sequence[int]) -> Any:
        """As `collate_fn_graph` joins them."""
        from matgl.graph.data import collate_fn_graph

        return collate_fn_graph([self.data[row] for row in rows])

    def loss(self, batch: Any) -> Tensor:
        """Of `ModelLightningModule.step`."""
        loss: Tensor = self.module.step(batch)[0]["Total_Loss"]
        return loss


class PyG(Theirs):
    """SchNet of torch_geometric on the edges of ours: it finds none in crystals by itself."""

    def __init__(self, network: torch.nn.Module, ours: Ours, graphs: GraphBatch) -> None:
        from torch_geometric.data import Data

        super().__init__("torch_geometric", network.train(), ours)
        sites, edges = (graphs.segments[level].host_offsets for level in ("site", "edge"))
        index = torch.stack([graphs.receiver, graphs.sender])
        self.data = [
            Data(
                num_nodes=int(sites[row + 1] - sites[row]),
                numbers=graphs.numbers[sites[row] : sites[row + 1]],
                edge_index=index[:, edges[row] : edges[row + 1]] - int(sites[row]),
                distance=graphs.distance[edges[row] : edges[row + 1]],
                target=torch.tensor([value], dtype=torch.float32),
            )
            for row, value in enumerate(self.encoded.tolist())
        ]

    def batch(self, rows: Sequence[int]) -> Any:
        """As its `DataLoader` joins them."""
        from torch_geometric.data import Batch

        return Batch.from_data_list([self.data[row] for row in rows])

    def loss(self, batch: Any) -> Tensor:
        """Mean squared error."""
        network: Any = self.network
        network.interaction_graph.held = batch.edge_index, batch.distance
        outputs = network(
            batch.numbers, batch.distance.new_zeros(len(batch.numbers), 3), batch.batch
        )
        loss: Tensor = torch.nn.functional.mse_loss(outputs[:, 0], batch.target)
        return loss


class OnDGL(Theirs):
    """ALIGNN of alignn on DGL graphs, joined as its `StructureDataset.collate_line_graph` does.

    The graphs are ours: alignn's list edges between a site and its own images twice
    (`line_graph_vs_alignn.py` compares how both are made).
    """

    def __init__(self, network: torch.nn.Module, ours: Ours, graphs: Sequence[Any]) -> None:
        super().__init__("alignn", network.train(), ours, torch.optim.AdamW)
        self.graphs = graphs

    def batch(self, rows: Sequence[int]) -> Any:
        """Graphs, line graphs and targets."""
        import dgl

        graphs, lines, lattices = zip(*(self.graphs[row] for row in rows), strict=True)
        targets = torch.tensor(self.encoded[rows], dtype=torch.float32)
        return (dgl.batch(graphs), dgl.batch(lines), torch.stack(lattices)), targets

    def loss(self, batch: Any) -> Tensor:
        """Mean squared error, as alignn's `train_dgl` takes it."""
        inputs, targets = batch
        return torch.nn.functional.mse_loss(self.network(inputs).reshape(-1), targets)


def structures_of(materials: Crystals, ids: np.ndarray) -> list[Structure]:
    """The crystals as pymatgen has them, in the order of the ids."""
    from matdata.adapters.pymatgen import to_structure

    place = {name: row for row, name in enumerate(materials.ids)}
    return [to_structure(materials, place[name]) for name in ids.tolist()]
