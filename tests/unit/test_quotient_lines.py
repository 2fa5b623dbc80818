"""Nested line graphs on quotient graphs compute what all sites, edges and pairs give.

The networks of `benchmarks/quotient_lines.py`; the README of the plugin has their errors.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from support.aviary_weights import fill
from support.batches import schema_of
from support.crystals import few, many

from matdata.core.crystals import Crystals
from matdata.load.loader import make_loader
from matdata.training.data import View
from matdata.training.memory_features import MemoryFeature

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def scripts(monkeypatch):
    """The two scripts; they set the number of threads and import their neighbours."""
    before, environment = set(sys.modules), dict(os.environ)
    monkeypatch.syspath_prepend(str(FOLDER))
    pairs, lines = (importlib.import_module(f"quotient_{name}") for name in ("pairs", "lines"))
    yield pairs, lines
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) in {str(p) for p in FOLDER.glob("*.py")}:
            del sys.modules[name]
    os.environ.clear()
    os.environ.update(environment)


def each_for_itself(graph):
    """Every site, edge and pair in a class of its own."""
    return np.arange(len(graph.whole.crystal)), np.arange(len(graph.whole.sender)).astype(np.uint64)


def in_a_batch(crystals, trainer, lines):
    ((spec, settings),) = trainer.input_settings().items()
    feature = MemoryFeature(lines.made(spec, settings), crystals)
    view = View("in memory", feature.ids, {}, {}, {spec: feature})
    return next(iter(make_loader(view, feature.ids, [spec], batch_size=len(feature.ids))))


@pytest.mark.parametrize("form", ["all", "near", "both", "first"])
def test_classes_give_what_all_sites_edges_and_pairs_give(scripts, monkeypatch, form):
    pairs, lines = scripts
    crystals, results = Crystals.concat([few(), many(12)]), []
    trainer = lines.model_of(form).trainer
    for replaced in ({}, {"classes": each_for_itself}):
        for name, function in replaced.items():
            monkeypatch.setattr(pairs, name, function)
        batch = in_a_batch(crystals, trainer, lines)
        network = fill(trainer.model(schema_of("quotient-graph")))
        outputs = network(batch)
        outputs.square().sum().backward()
        gradients = {name: value.grad for name, value in network.named_parameters()}
        results.append((batch["quotient-pairs"], outputs, gradients))
    (joined, outputs, gradients), (whole, expected, wanted) = results
    assert len(joined.cosine) < len(whole.cosine) / 3
    torch.testing.assert_close(outputs, expected, rtol=0, atol=2e-5)
    scale = max(float(value.abs().max()) for value in wanted.values())
    for name, value in wanted.items():
        torch.testing.assert_close(gradients[name], value, rtol=0, atol=2e-5 * scale)


def test_rock_salt_has_the_pairs_of_its_octahedra(scripts):
    """Of six neighbours at right angles each edge has four, and one opposite."""
    from support.crystals import cubic

    from matdata.plugin import to_crystals

    pairs, _ = scripts
    corners = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
    places = np.concatenate([corners, np.add(corners, [0.5, 0, 0])]) % 1
    salt = to_crystals(["salt"], [cubic(5.64, [11] * 4 + [17] * 4, places.tolist())])
    made = pairs.QuotientPairs(pairs.PairSettings(max_neighbours=6))
    columns = {name: item[0] for name, item in made.featurize(salt).fields.items()}
    assert columns["count"].tolist() == [6, 6]
    assert columns["first"].tolist() == columns["second"].tolist() == [0, 0, 1, 1]
    assert columns["cosine"].tolist() == [-1, 0, -1, 0]
    assert columns["pairs"].tolist() == [1, 4, 1, 4]
