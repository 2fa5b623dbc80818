"""The loaders that `loaders_vs_others.py` measures: what each yields, as the same fields."""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from matdata.load.arrays import ArrayBatch
from matdata.load.batch import Batch
from matdata.load.inputs.formula import CompositionSetBatch
from matdata.load.inputs.graph import GraphBatch
from matdata.load.loader import Loader

Tensors: TypeAlias = tuple[Tensor, ...]
#: Gives the batches of one epoch, each as its fields.
Epoch: TypeAlias = Callable[[], Iterable[Tensors]]


def crystals(batch: Batch) -> Tensors:
    """What a model reads of a batch of crystals."""
    graph = batch.get("graph", GraphBatch)
    return graph.numbers, graph.edge_index, graph.distance, graph.crystal, batch.targets


def formulas(batch: Batch) -> Tensors:
    """What Roost reads of a batch of formulas."""
    held = batch.get("composition-set", CompositionSetBatch)
    first, second = held.pairs
    return held.fractions, held.numbers, first, second, held.crystal, batch.targets


def stored(batch: ArrayBatch) -> tuple[np.ndarray, ...]:
    """Stored fields and offsets of a batch of NumPy arrays."""
    (held,) = batch.inputs.values()
    return (*(held.fields[name] for name in held.fields), *held.offsets.values(), batch.targets)


def of_pyg(batch: Any) -> Tensors:
    """The fields of `crystals` in PyTorch Geometric's batch."""
    return batch.z, batch.edge_index, batch.distance, batch.batch, batch.y


def of_aviary_graphs(batch: Any) -> Tensors:
    """The fields of `crystals` in aviary's batch."""
    (numbers, distance, first, second, crystal), targets, *_ = batch
    return numbers, torch.stack([first, second]), distance, crystal, targets[0]


def of_aviary_formulas(batch: Any) -> Tensors:
    """The fields of `formulas` in aviary's batch."""
    (weights, numbers, first, second, crystal), targets, *_ = batch
    return weights[:, 0], numbers, first, second, crystal, targets[0]


class Pickles(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """An LMDB of pickled objects, as fairchem and matsciml read."""

    def __init__(self, items: list[Any], folder: str) -> None:
        import lmdb

        with lmdb.open(folder, map_size=1 << 33) as store, store.begin(write=True) as write:
            for k, item in enumerate(items):
                write.put(f"{k}".encode(), pickle.dumps(item, protocol=-1))
        self.count = len(items)
        self.store = lmdb.open(folder, readonly=True, lock=False, readahead=True, meminit=False)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, k: int) -> Any:
        with self.store.begin(write=False) as read:
            stored = read.get(f"{k}".encode())
            assert stored is not None
            return pickle.loads(stored)


class Cached(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """Items as aviary's datasets return them, cached by the decorator that they use."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    @functools.cache  # noqa: B019
    def __getitem__(self, k: int) -> Any:
        return self.items[k]


def graph_items(loader: Loader) -> list[Any]:
    """A PyTorch Geometric object per crystal, in the order of the loader's ids."""
    from torch_geometric.data import Data

    items = []
    for batch in loader:
        graph = batch.get("graph", GraphBatch)
        sites, edges = (graph.segments[level].host_offsets for level in ("site", "edge"))
        for k in range(len(batch)):
            site, edge = slice(sites[k], sites[k + 1]), slice(edges[k], edges[k + 1])
            items.append(
                Data(
                    z=graph.numbers[site].clone(),
                    edge_index=graph.edge_index[:, edge] - int(sites[k]),
                    distance=graph.distance[edge].clone(),
                    y=batch.targets[k : k + 1].clone(),
                    num_nodes=int(sites[k + 1] - sites[k]),
                )
            )
    return items


def formula_items(loader: Loader) -> list[Any]:
    """An item of aviary's `CompositionData` per formula, in the order of the loader's ids."""
    items: list[Any] = []
    for batch in loader:
        held = batch.get("composition-set", CompositionSetBatch)
        ends = held.segments["element"].host_offsets
        for k in range(len(batch)):
            own, n = slice(ends[k], ends[k + 1]), int(ends[k + 1] - ends[k])
            pairs = torch.cartesian_prod(torch.arange(n), torch.arange(n)).view(-1, 2)
            parts = held.fractions[own, None].clone(), held.numbers[own].clone()
            items.append(((*parts, *pairs.T.contiguous()), [batch.targets[k]], str(len(items))))
    return items


def graph_rivals(items: list[Any], order: list[list[int]], folder: str) -> dict[str, Epoch]:
    """Functions that give the batches of one epoch of crystals, by name."""
    from aviary.cgcnn.data import collate_batch
    from torch.utils.data import DataLoader
    from torch_geometric.loader import DataLoader as PygLoader

    pickles = Pickles(items, folder)
    cached = Cached(
        [((d.z, d.distance, *d.edge_index), [d.y[0]], str(k)) for k, d in enumerate(items)]
    )
    aviary = DataLoader(cached, batch_sampler=order, collate_fn=collate_batch)
    lists = [PygLoader(items, batch_sampler=order, num_workers=n) for n in (0, 2)]
    stored_ = PygLoader(pickles, batch_sampler=order)
    return {
        "PyG list, 0 workers": lambda: map(of_pyg, lists[0]),
        "PyG list, 2 workers": lambda: map(of_pyg, lists[1]),
        "LMDB pickles": lambda: map(of_pyg, stored_),
        "aviary cached": lambda: map(of_aviary_graphs, aviary),
    }


def formula_rivals(items: list[Any], order: list[list[int]], folder: str) -> dict[str, Epoch]:
    """The same of formulas."""
    from aviary.roost.data import collate_batch
    from torch.utils.data import DataLoader

    aviary = DataLoader(Cached(items), batch_sampler=order, collate_fn=collate_batch)
    pickled = DataLoader(Pickles(items, folder), batch_sampler=order, collate_fn=collate_batch)
    return {
        "LMDB pickles": lambda: map(of_aviary_formulas, pickled),
        "aviary cached": lambda: map(of_aviary_formulas, aviary),
    }
