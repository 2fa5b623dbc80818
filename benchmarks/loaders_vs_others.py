"""Batches of crystal graphs: matdata against PyTorch Geometric, LMDB of pickles and aviary.

The same crystals in the same batches of all loaders, one process, one thread, batches compared
before times are taken. A batch is what a model reads: elements, `edge_index`, distances, images,
target, crystal of each site. All sides hold matdata's graphs (aviary's `collate_batch` gets them
as its cache would hold them, without images). Needs the group `bench` of pyproject.toml.

    python benchmarks/loaders_vs_others.py
"""

from __future__ import annotations

import argparse
import functools
import pickle
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from common import public

import torch

import matdata as md

BATCH, SEED = 128, 0


def epochs(run: Callable[[], object], count: int) -> list[float]:
    """Seconds of each of several epochs."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return times


def dataset(path: Path, cache: str) -> md.Dataset:
    """The crystals with their graphs."""
    options: dict[str, Any] = {"dedupe": "none", "symmetry": "none", "split": None}
    return md.build(
        path,
        features=["graph"],
        cache=cache,
        name="bench",
        columns={"targets": ("heat_all",)},
        **options,
    )


def ours(batch: Any) -> tuple[Any, ...]:
    """What a model reads of a batch."""
    graph = batch["graph"]
    image = graph.image
    return graph.numbers, graph.edge_index, graph.distance, image, batch.targets, graph.crystal


def ours_without_image(batch: Any) -> tuple[Any, ...]:
    """What aviary's model reads of a batch."""
    graph = batch["graph"]
    return graph.numbers, graph.edge_index, graph.distance, batch.targets, graph.crystal


def data_list(loader: Any) -> list[Any]:
    """One PyTorch Geometric object a crystal, in the order of the loader's ids."""
    from torch_geometric.data import Data

    found = []
    for batch in loader:
        graph = batch["graph"]
        sites, edges = graph.host_offsets["site"], graph.host_offsets["edge"]
        for k in range(len(batch)):
            site, edge = slice(sites[k], sites[k + 1]), slice(edges[k], edges[k + 1])
            index = torch.stack([graph.sender[edge], graph.receiver[edge]]) - int(sites[k])
            found.append(
                Data(
                    z=graph.numbers[site].clone(),
                    edge_index=index.clone(),
                    distance=graph.distance[edge].clone(),
                    image=graph.image[edge].clone(),
                    y=batch.targets[k : k + 1].clone(),
                    num_nodes=int(sites[k + 1] - sites[k]),
                )
            )
    return found


def of_pyg(batch: Any) -> tuple[Any, ...]:
    """The same fields of PyTorch Geometric's batch."""
    return batch.z, batch.edge_index, batch.distance, batch.image, batch.y, batch.batch


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
            return pickle.loads(read.get(f"{k}".encode()))


class Cached(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """What aviary's `CrystalGraphData` returns, cached as it does."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    @functools.cache  # noqa: B019
    def __getitem__(self, k: int) -> Any:
        data = self.items[k]
        return (data.z, data.distance, *data.edge_index), [data.y[0]], str(k)


def of_aviary(batch: Any) -> tuple[Any, ...]:
    """The same fields of aviary's batch; it has no images."""
    (numbers, distance, first, second, crystal), targets, *_ = batch
    return numbers, torch.stack([first, second]), distance, None, targets[0], crystal


def check(loader: Any, others: dict[str, Iterator[tuple[Any, ...]]]) -> None:
    """Compare all batches of an epoch."""
    for name, batches in others.items():
        loader.set_epoch(0)
        for mine, theirs in zip(map(ours, loader), batches, strict=True):
            for a, b in zip(mine, theirs, strict=True):
                if b is not None and not torch.equal(a, b):
                    raise SystemExit(f"batches of {name} differ")


def rivals(items: list[Any], order: list[list[int]], folder: str) -> dict[str, Any]:
    """Functions that give the batches of one epoch, by name."""
    from aviary.cgcnn.data import collate_batch
    from torch.utils.data import DataLoader
    from torch_geometric.loader import DataLoader as PygLoader

    pickles, cached = Pickles(items, folder), Cached(items)
    two = PygLoader(items, batch_sampler=order, num_workers=2)
    return {
        "PyG list, 0 workers": lambda: map(of_pyg, PygLoader(items, batch_sampler=order)),
        "PyG list, 2 workers": lambda: map(of_pyg, two),
        "LMDB pickles": lambda: map(of_pyg, PygLoader(pickles, batch_sampler=order)),
        "aviary cached": lambda: map(
            of_aviary, DataLoader(cached, batch_sampler=order, collate_fn=collate_batch)
        ),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = public("perov5/val.csv.gz")
    parser.add_argument("--data", type=Path, default=default, help="file of crystals")
    options = parser.parse_args()
    if not options.data.exists():
        print(f"no such file: {options.data}", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        found = dataset(options.data, folder)
        chosen: dict[str, Any] = {"inputs": ["graph"], "target": "heat_all", "batch_size": BATCH}
        items = data_list(found.loader(**chosen))
        start = time.perf_counter()
        loader = found.loader(**chosen, shuffle=True, seed=SEED)
        opened = time.perf_counter() - start
        order = [rows.tolist() for rows in loader.batch_rows(0)]
        n = len(loader.ids)
        print(f"{n} crystals, batches of {BATCH}, {loader.describe()}")
        print(f"opening and reading the columns: {opened:.3f} s")
        mine = epochs(lambda: [ours(batch) for batch in loader], 10)
        others = rivals(items, order, f"{folder}/lmdb")
        check(loader, {name: run() for name, run in others.items()})
        print(f"{'':22}{'first epoch/s':>16}{'best epoch/s':>16}{'RATIO':>8}")
        print(f"{'matdata':22}{n / mine[0]:16,.0f}{n / min(mine):16,.0f}")
        for name, run in others.items():
            times = epochs(lambda run=run: list(run()), 4)  # type: ignore[misc]
            read = ours_without_image if name.startswith("aviary") else ours
            again = epochs(lambda read=read: [read(b) for b in loader], 10)  # type: ignore[misc]
            best = n / min(times)
            ratio = min(times) / min(again)
            print(f"{name:22}{n / times[0]:16,.0f}{best:16,.0f}{ratio:8.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
