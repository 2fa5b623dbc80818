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
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epoch_vs_aviary import Ours, products, rate_of_products, read_structures, timed
from structure_rivals import MatGL, OnDGL, PyG, Theirs, structures_of
from timing import hold_to_avx2, instructions_used

import numpy as np
import torch

from matdata.core.cpu_kernels import cpu_kernels
from matdata.nn.cpu.malloc import keep_freed_memory
from matdata.nn.cpu.onednn_linear import onednn_is_faster

if TYPE_CHECKING:
    from matdata.core.crystals import Crystals

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
warnings.simplefilter("ignore")

STEPS = 5
#: What an epoch shall be faster by, at least.
WANTED = 3.0


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
    parser.add_argument("--avx2", action="store_true", help="as without AVX-512, on both sides")
    chosen = parser.parse_args()
    if chosen.avx2:
        hold_to_avx2()
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
        f"{maker}; {instructions_used()}"
    )
    print(f"  losses of the first {STEPS} steps differ by {difference:.1e} at most, relatively")
    ratio = best[1] / best[0]
    print(f"  epoch: matdata {best[0]:.3f} s, {theirs.package} {best[1]:.3f} s: {ratio:.2f}x")
    with cpu_kernels(False):  # products within compiled loops are not seen by torch
        work = [products(side.epoch) for side in (ours, theirs)]
    rate = rate_of_products()
    alone = work[0] / rate
    print(
        f"  products: matdata {work[0]:.0f}, {theirs.package} {work[1]:.0f} GFLOP; at {rate:.0f} "
        f"GFLOP/s ours alone take {alone:.3f} s ({alone / best[0]:.0%} of the epoch), about "
        f"{best[1] / alone:.2f}x"
    )
    return 0 if ratio >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
