"""A small dataset with targets of every kind, and runs on it."""

from __future__ import annotations

import json

import numpy as np

import matdata as md
from matdata.building.feature_stage import add_features
from matdata.building.options import BuildOptions
from matdata.cli import main

ELEMENTS = ["Fe", "O", "Na", "Cl", "Sr", "Ti", "Mg", "Al", "Si", "Ca", "K", "Zn"]
GRID = [0.0, 0.5, 1.5, 2.0]


def record(a: int, b: int, random: np.random.Generator) -> dict[str, object]:
    x = (a + 2 * b) / 9.0 - 2.0  # linear in the atomic fractions
    return {
        "formula": f"{ELEMENTS[a]}{ELEMENTS[b]}2",
        "y": x + 0.1 * random.normal(),
        "log10(k)": float(np.sin(x)),
        "spectrum": [float(np.cos(x * e)) for e in GRID],
        "energy": GRID,
        "kind": "abc"[min(2, int((x + 2.0) / 1.2))],
        "tags": [float(x > 0.0), float(x > 0.8)],
        "product": f"{ELEMENTS[b]}O",
        "offset": x,
    }


def build(cache, rows, name="toy"):
    path = cache / f"{name}.json"
    cache.mkdir(exist_ok=True)
    path.write_text(json.dumps(rows))
    dataset = md.build(str(path), cache=cache, name=name, workers=1)
    add_features(dataset, cache, BuildOptions(features=("fractions",), workers=1))
    dataset.split("60/20/20", name="s")
    return dataset


def rows() -> list[dict[str, object]]:
    random = np.random.default_rng(0)
    return [record(a, b, random) for a in range(12) for b in range(12) if a != b]


def train(dataset, target, name, **settings):
    chosen = {"epochs": 40, "batch_size": 16, "threads": 1, "tensorboard": False, **settings}
    return md.train("example", dataset, target, split="s", name=name, quiet=True, train=chosen)


def command(dataset, *words):
    return main([*words, "--cache", str(dataset.cache)])
