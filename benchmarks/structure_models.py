"""Seconds per epoch of structure models: matdata's plugins against the maintained packages.

Both sides in one process, with the same weights, graphs, loss, optimizer, batch size and number of
threads; epochs by turns, and the shortest of each is compared. Before that both take the same
first steps on the same batches, and the largest difference of their losses is printed. The last
line counts matrix products, and estimates the ratio that would be left if ours did nothing else.
Their graphs are made beforehand, as ours are; each side makes its own batches.

    uv sync --group bench
    python benchmarks/structure_models.py alignn --limit 500   # perov5 val
    python benchmarks/structure_models.py megnet
    python benchmarks/structure_models.py megnet --threads 2 --limit 1000
    python benchmarks/structure_models.py schnet
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epoch_vs_aviary import Ours, products, rate_of_products, read_structures, timed

import numpy as np
import torch

from matdata.nn.cpu.malloc import keep_freed_memory
from matdata.nn.cpu.onednn_linear import onednn_is_faster

if TYPE_CHECKING:
    from pymatgen.core import Structure
    from torch import Tensor

    from matdata.core.crystals import Crystals
    from matdata.plugin import GraphBatch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
warnings.simplefilter("ignore")

STEPS = 5
#: What an epoch shall be faster by, at least.
WANTED = 3.0


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


def alignn(materials: Crystals, values: np.ndarray, lr: float) -> tuple[Ours, Theirs]:
    """The published sizes, in the published batches of 64."""
    from matdata_alignn import ALIGNN
    from matdata_alignn.hypers import Hypers
    from support.alignn_weights import alignn_network, dgl_graphs

    trainer = ALIGNN()
    ours = Ours(trainer, materials, values, lr, "mse", "adamw", batch=64)
    network: Any = ours.network
    place = {name: row for row, name in enumerate(materials.ids)}
    rows = [place[name] for name in ours.ids.tolist()]
    graphs = [dgl_graphs(graph) for graph in line_graphs_of(trainer, materials.take(rows))]
    single = [(graph, lines, lattice[0]) for graph, lines, lattice in graphs]
    return ours, OnDGL(alignn_network(network, Hypers()), ours, single)


def line_graphs_of(trainer: Any, materials: Crystals) -> list[Any]:
    """The batch form of each crystal alone."""
    from matdata.plugin import batch_of, featurizer

    (spec,) = trainer.inputs()
    made = featurizer(spec, dict(trainer.input_settings()[spec]))
    alone = (materials.take([row]) for row in range(len(materials)))
    return [batch_of({spec: made}, crystal)[spec] for crystal in alone]


def megnet(materials: Crystals, values: np.ndarray, lr: float) -> tuple[Ours, Theirs]:
    """The published sizes, at 4 Å."""
    from matdata_megnet import MEGNet
    from support.matgl_weights import DEFAULT_ELEMENTS, FULL, arguments, hypers_of
    from support.matgl_weights import matgl_megnet, tensors_of

    given = arguments(**FULL)
    hypers = hypers_of(given)
    ours = Ours(MEGNet(hypers), materials, values, lr, "mse", "adam")
    network: Any = ours.network
    theirs = matgl_megnet(given, tensors_of(network, hypers, DEFAULT_ELEMENTS))
    return ours, MatGL(theirs, ours, structures_of(materials, ours.ids))


def schnet(materials: Crystals, values: np.ndarray, lr: float) -> tuple[Ours, Theirs]:
    """The paper's sizes, at 5 Å, with PyG's Gaussians, cutoff and sums."""
    from matdata_schnet import SchNet
    from matdata_schnet.hypers import Hypers
    from support.batches import batch_of
    from support.pyg_weights import pyg_schnet

    hypers = Hypers(preset="pyg", radius=5.0, channels=64, filters=64)
    trainer = SchNet(hypers)
    ours = Ours(trainer, materials, values, lr, "mse", "adam")
    graphs = batch_of(materials, "graph", **trainer.input_settings()["graph"])
    assert list(graphs.ids) == ours.ids.tolist()
    return ours, PyG(pyg_schnet(ours.network, hypers), ours, graphs["graph"])


#: By the name of the plugin: both sides for crystals, their targets, and a learning rate.
MODELS: dict[str, Callable[[Crystals, np.ndarray, float], tuple[Ours, Theirs]]] = {
    "alignn": alignn,
    "megnet": megnet,
    "schnet": schnet,
}


def structures_of(materials: Crystals, ids: np.ndarray) -> list[Structure]:
    """The crystals as pymatgen has them, in the order of the ids."""
    from matdata.adapters.pymatgen import to_structure

    place = {name: row for row, name in enumerate(materials.ids)}
    return [to_structure(materials, place[name]) for name in ids.tolist()]


def first_steps(ours: Ours, theirs: Theirs, count: int = STEPS) -> float:
    """Largest relative difference of the losses of the first steps, on equal batches."""
    differences = []
    for number, batch in enumerate(ours.train):
        if number == count:
            break
        rows = [theirs.rows[name] for name in batch.ids]
        expected = theirs.step(rows)
        found = float(ours.engine.step(batch, [ours.lr])[0])
        differences.append(abs(found - expected) / abs(expected))
    return float(np.max(differences))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=tuple(MODELS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=3, help="of each, after one to warm up")
    parser.add_argument("--limit", type=int, help="so many crystals of the file alone")
    parser.add_argument("--lr", type=float, default=1e-3)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    materials, values = read_structures("perov5/val.csv.gz", "heat_all")
    rows = np.arange(len(values))[: chosen.limit]
    ours, theirs = MODELS[chosen.model](materials.take(rows), values[rows], chosen.lr)
    difference = first_steps(ours, theirs)
    keep_freed_memory()  # as each training of matdata does; it serves both sides
    ours.epoch()
    theirs.epoch()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(chosen.epochs):
        times[0].append(timed(ours.epoch))
        times[1].append(timed(theirs.epoch))
    best = min(times[0]), min(times[1])
    maker = "oneDNN" if onednn_is_faster() else "torch"
    print(
        f"{chosen.model}: {len(ours.parts[0]):,} to train, {chosen.threads} thread(s), products by "
        f"{maker}, {torch.backends.cpu.get_cpu_capability()}"
    )
    print(f"  losses of the first {STEPS} steps differ by {difference:.1e} at most, relatively")
    ratio = best[1] / best[0]
    print(f"  epoch: matdata {best[0]:.3f} s, {theirs.package} {best[1]:.3f} s: {ratio:.2f}x")
    work, rate = [products(side.epoch) for side in (ours, theirs)], rate_of_products()
    alone = work[0] / rate
    print(
        f"  products: matdata {work[0]:.0f}, {theirs.package} {work[1]:.0f} GFLOP; at {rate:.0f} "
        f"GFLOP/s ours alone take {alone:.3f} s ({alone / best[0]:.0%} of the epoch), about "
        f"{best[1] / alone:.2f}x"
    )
    return 0 if ratio >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
