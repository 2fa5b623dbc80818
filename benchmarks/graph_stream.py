"""Crystal graphs in `stream` mode: an epoch beside plain reads, and beside networks that train.

One process, one thread. An epoch reads the columns of all graphs from the store, window by window,
and hands out every batch with its expanded edges. The plain read is of a file of as many bytes
as the columns have once decompressed, from the page cache. The network takes some steps on these
batches; its rate is that of the steps alone. Ends with 1 if it would wait for the loader.

    python benchmarks/graph_stream.py                            # 10 million edges
    python benchmarks/graph_stream.py --crystals 2000 --steps 5
    python benchmarks/graph_stream.py --cache DIR                # one that holds `sample`, built
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from timing import best, instruction_set

import torch

import matdata as md
from matdata.load.inputs.graph import GraphBatch
from matdata.load.loader import Loader, make_loader
from matdata.nn.cpu.malloc import keep_freed_memory
from matdata.plugin import Schema, Target, TorchTrainer, trainer
from matdata.training.engine import Recipe, SeparateEngine
from matdata.training.objectives.choice import heads_of, objectives_of
from matdata.training.objectives.combined import Objectives
from matdata.training.settings import train_settings

if TYPE_CHECKING:
    from matdata.load.batch import Batch

TARGET = "ewald_energy_per_atom"
NETWORK = "cgcnn"
BATCH, EPOCHS, PIECE = 256, 3, 1 << 22


def streamed(dataset: md.Dataset, crystals: int, **options: object) -> Any:
    """A loader of the first materials in `stream` mode."""
    ids = dataset.ids[:crystals]
    given: dict[str, Any] = {
        "mode": "stream",
        "batch_size": min(BATCH, crystals // 3),
        "shuffle": True,
        **options,
    }
    return make_loader(dataset, ids, ["graph"], TARGET, **given)


def epoch(loader: Loader) -> tuple[float, int]:
    """Seconds of an epoch, and its edges."""
    begun, edges = time.perf_counter(), 0
    for batch in loader:
        edges += edges_of(batch)
    return time.perf_counter() - begun, edges


def edges_of(batch: Batch) -> int:
    """Edges of a batch, which expands them."""
    return int(batch.get("graph", GraphBatch).edge_index.shape[1])


def bytes_of_columns(dataset: md.Dataset, crystals: int) -> int:
    """Bytes of the stored fields and offsets of all batches."""
    fields = (batch["graph"] for batch in streamed(dataset, crystals, device="numpy"))
    return sum(
        array.nbytes
        for graph in fields
        for array in (*graph.fields.values(), *graph.offsets.values())
    )


def read(path: Path) -> None:
    """Read a file from its beginning to its end."""
    buffer = memoryview(bytearray(PIECE))
    with path.open("rb", buffering=0) as handle:
        while handle.readinto(buffer):
            pass


def training_rate(dataset: md.Dataset, crystals: int, steps: int) -> float:
    """Edges that CGCNN takes per second of its steps."""
    plugin = trainer(NETWORK)
    assert isinstance(plugin, TorchTrainer), f"{NETWORK} trains no network"
    settings = train_settings(plugin, {})
    loader: Loader = streamed(dataset, crystals, normalizer="standard", prefetch=0)
    targets = (Target(TARGET),)
    network = plugin.model(Schema(targets, heads_of(targets, settings), loader.featurizers))
    objectives = Objectives(objectives_of(targets, settings))
    engine = SeparateEngine([network], Recipe(settings, objectives, torch.device("cpu")))
    seconds, edges = 0.0, 0
    for step, batch in enumerate(loader):
        begun = time.perf_counter()
        engine.step(batch, [settings.lr])
        if step:  # the first makes what later ones keep
            seconds += time.perf_counter() - begun
            edges += edges_of(batch)
        if step == steps:
            break
    return edges / seconds


def measure(dataset: md.Dataset, crystals: int, steps: int, plain: Path) -> int:
    """Print all rates; 1 if the network is faster than the loader."""
    loader: Loader = streamed(dataset, crystals)
    runs = [epoch(loader) for _ in range(EPOCHS)]
    seconds, edges = median(run[0] for run in runs), runs[0][1]
    size = bytes_of_columns(dataset, crystals)
    plain.write_bytes(bytes(size))
    print(f"{len(loader.ids):,} crystals, {edges:,} edges, {size / 1e6:.0f} MB of columns")
    print(f"epoch in stream mode {seconds:.2f} s, {edges / seconds:,.0f} edges per second")
    share = best(lambda: read(plain)) / seconds
    print(f"plain read of as many bytes: {share:.3f} of that time")
    rate = training_rate(dataset, crystals, steps)
    ratio = edges / seconds / rate
    print(
        f"{NETWORK} trains on {rate:,.0f} edges per second; the loader gives {ratio:.1f} times that"
    )
    return int(ratio < 1)


def main() -> int:
    """Build what is missing, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, help="a cache that holds `sample` with its graphs")
    parser.add_argument("--crystals", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=30, help="of the network")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    print(f"{instruction_set()}, one thread")
    with tempfile.TemporaryDirectory() as scratch:
        cache = chosen.cache or Path(scratch, "cache")
        if chosen.cache is None:
            source = f"sample:{chosen.crystals}"
            md.build(source, cache=cache, dedupe="none", features=["graph"])
        dataset = md.open("sample", cache=cache)
        return measure(dataset, chosen.crystals, chosen.steps, Path(scratch, "plain"))


if __name__ == "__main__":
    sys.exit(main())
