"""A step of an ensemble: members with stacked weights against members one by one.

Both in one process, one after the other, on the experimental band gaps, from the same weights. On a
CPU members train sequentially unless ``train.members=stacked``; this shows why.

    python benchmarks/ensembles.py roost elemnet --members 10
"""

from __future__ import annotations

import argparse
import copy
import sys

from epoch_vs_aviary import Ours, read_formulas, timed

import torch

from matdata.load.batch import Batch
from matdata.plugin import TorchTrainer
from matdata.training import trainer
from matdata.nn.cpu.malloc import keep_freed_memory
from matdata.training.engine import Engine, SeparateEngine
from matdata.training.stacked import StackedEngine

RATE = 3e-4


def steps(engine: Engine, batches: list[Batch]) -> float:
    """Wall time in seconds of a step for each batch."""

    def all_of_them() -> None:
        for batch in batches:
            engine.step(batch, [RATE] * engine.members)

    return timed(all_of_them)


def compare(name: str, members: int, count: int) -> float:
    """How much longer the stacked one takes."""
    plugin = trainer(name)
    assert isinstance(plugin, TorchTrainer), "a network, not a forest"
    ours = Ours(plugin, *read_formulas(), RATE)
    batches = [batch for batch, _ in zip(ours.train, range(count), strict=False)]
    networks = [copy.deepcopy(ours.network) for _ in range(members)]
    engines = [
        kind(copy.deepcopy(networks), ours.engine.recipe)
        for kind in (StackedEngine, SeparateEngine)
    ]
    times = [[steps(engine, batches) / count for _ in range(3)] for engine in engines]
    stacked, separate = (min(row) for row in times)
    weights = sum(parameter.numel() for parameter in ours.network.parameters())
    print(
        f"{name} ({weights:,} weights), {members} members, a step: stacked {1e3 * stacked:.0f} ms, "
        f"separate {1e3 * separate:.0f} ms: {stacked / separate:.2f}x"
    )
    return stacked / separate


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trainers", nargs="*", default=["roost", "elemnet"])
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    keep_freed_memory()
    ratios = [compare(name, chosen.members, chosen.steps) for name in chosen.trainers]
    return 0 if min(ratios) >= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
