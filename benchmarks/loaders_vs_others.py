"""Batches of crystals and formulas: matdata beside PyTorch Geometric, LMDB of pickles and aviary.

One process, one thread, the same materials in the same batches, the same fields of each batch on
all sides, every batch of an epoch compared before times are taken. As many epochs of each side, by
turns, and of each the first, the median and the best. Others hold matdata's graphs and sets, as
their caches would after a first epoch of their own, so parsing and neighbour search are not
counted on any side. Batches of NumPy arrays (stored fields and offsets) stand below the table:
others have no such form. Needs the group `bench` of pyproject.toml.

    python benchmarks/loaders_vs_others.py
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, cast

from timing import public

import numpy as np
import torch

import loader_rivals as rivals
import matdata as md
from matdata.load.arrays import ArrayBatch
from matdata.load.batch import Batch
from matdata.load.loader import Loader

BATCH, SEED = 128, 0
#: Epochs in a row of a side before the next side's: as in a training, an epoch follows its own.
IN_A_ROW = 3


@dataclass(frozen=True)
class Kind:
    """What is compared: a file, its target and the feature, and how batches are read."""

    data: str
    target: str
    feature: str
    read: Callable[[Batch], rivals.Tensors]
    items: Callable[[Loader], list[Any]]
    others: Callable[[list[Any], list[list[int]], str], dict[str, rivals.Epoch]]


KINDS = {
    "crystals": Kind(
        "perov5/val.csv.gz",
        "heat_all",
        "graph",
        rivals.crystals,
        rivals.graph_items,
        rivals.graph_rivals,
    ),
    "formulas": Kind(
        "roost/expt-non-metals.csv.gz",
        "Eg",
        "composition-set",
        rivals.formulas,
        rivals.formula_items,
        rivals.formula_rivals,
    ),
}


def dataset(kind: Kind, cache: str) -> md.Dataset:
    """The materials with their feature."""
    options: dict[str, Any] = {"dedupe": "none", "symmetry": "none", "split": None}
    columns: dict[str, Any] = {"target": kind.target}
    if kind.feature == "composition-set":
        columns |= {"formula_col": "composition", "id_col": "material_id"}
    source = public(kind.data)
    return md.build(
        source, features=[kind.feature], cache=cache, name="bench", **columns, **options
    )


def check(loader: Loader, kind: Kind, others: dict[str, rivals.Epoch]) -> None:
    """Compare all batches of an epoch.

    Raises
    ------
    SystemExit
        If one differs.
    """
    for name, run in others.items():
        loader.set_epoch(0)
        for mine, theirs in zip(map(kind.read, loader), run(), strict=True):
            for a, b in zip(mine, theirs, strict=True):
                if not torch.equal(a, b):
                    raise SystemExit(f"batches of {name} differ")
    print(f"batches equal those of: {', '.join(others)}")


def by_turns(runs: dict[str, Callable[[], object]], count: int) -> dict[str, list[float]]:
    """Seconds of each epoch of every side, in `count` turns."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(count):
        for name, run in runs.items():
            for _ in range(IN_A_ROW):
                start = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - start)
    return times


def table(times: dict[str, list[float]], materials: int) -> None:
    """Materials per second of each side, and how many times as fast matdata is."""
    statistics: tuple[Callable[[list[float]], float], ...] = (lambda t: t[0], median, min)
    head = ("first/s", "median/s", "best/s", "RATIO first", "median", "best")
    print(f"{'':22}" + "".join(f"{text:>13}" for text in head))
    mine = [f(times["matdata"]) for f in statistics]
    for name, own in times.items():
        theirs = [f(own) for f in statistics]
        ratios = [f"{a / b:13.1f}" for a, b in zip(theirs, mine, strict=True)]
        print(f"{name:22}" + "".join(f"{materials / t:13,.0f}" for t in theirs) + "".join(ratios))


def compare(kind: Kind, turns: int) -> None:
    """Measure one kind and print."""
    with tempfile.TemporaryDirectory() as folder:
        materials = dataset(kind, folder)
        chosen: dict[str, Any] = {"inputs": [kind.feature], "target": kind.target}
        items = kind.items(materials.loader(**chosen, batch_size=BATCH))
        chosen |= {"batch_size": BATCH, "shuffle": True, "seed": SEED}
        start = time.perf_counter()
        loader = materials.loader(**chosen)
        opened = time.perf_counter() - start
        order = [rows.tolist() for rows in loader.batch_rows(0)]
        print(f"{len(loader.ids)} materials, batches of {BATCH}, {loader.describe()}")
        print(f"construction, columns read: {opened:.3f} s")
        others = kind.others(items, order, f"{folder}/lmdb")
        check(loader, kind, others)
        fresh = materials.loader(**chosen)
        arrays = cast("Loader[ArrayBatch]", materials.loader(**chosen, device="numpy"))
        sides: dict[str, Callable[[], object]] = {
            "matdata": lambda: [kind.read(batch) for batch in fresh],
            **{name: partial(_listed, run) for name, run in others.items()},
        }
        table(by_turns(sides, turns), len(loader.ids))
        alone = {
            "matdata": sides["matdata"],
            "NumPy, stored": lambda: _stored(arrays),
        }
        table(by_turns(alone, turns), len(loader.ids))


def _listed(run: Callable[[], Iterable[object]]) -> list[object]:
    return list(run())


def _stored(loader: Loader[ArrayBatch]) -> list[tuple[np.ndarray, ...]]:
    return [rivals.stored(batch) for batch in loader]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", default=list(KINDS), help="crystals, formulas or both")
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.kinds:
        path = Path(public(KINDS[name].data))
        if not path.exists():
            print(f"no such file: {path}", file=sys.stderr)
            return 2
        print(f"\n{name}")
        compare(KINDS[name], options.turns)
    return 0


if __name__ == "__main__":
    sys.exit(main())
