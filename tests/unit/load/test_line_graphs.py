"""Line graphs in batches: pairs, their stored number, budgets by it, and memory."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from support.crystals import many
from support.files import mp_document

import matdata as md
from matdata.core.errors import ConfigError, DeviceError
from matdata.features.graph_views import line_graph
from matdata.load.inputs.line_graph import LineGraphBatch
from matdata.load.loader import make_loader
from matdata.load.memory import free_bytes
from matdata.load.modes import MODES

COUNT = 30
NEAR = {"max_neighbours": 6}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    home = tmp_path_factory.mktemp("lines")
    crystals = many(COUNT)
    lines = [json.dumps({**mp_document(crystals, row), "gap": 0.1 * row}) for row in range(COUNT)]
    (home / "lines.jsonl").write_text("\n".join(lines))
    options = {"cache": home / "cache", "workers": 1, "dedupe": "none", "name": "lines"}
    made = md.build(home / "lines.jsonl", shard_rows=16, **options)
    for backtrack in (True, False):
        md.featurize(made, "line-graph", set={"line-graph": {**NEAR, "backtrack": backtrack}})
    return made


def loader_of(dataset, backtrack=True, **options):
    settings = {"line-graph": {**NEAR, "backtrack": backtrack}}
    options = {"batch_size": 7, "shuffle": True, "seed": 2, **options}
    return make_loader(dataset, None, ["line-graph"], input_settings=settings, **options)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("at_once", [1, 500, 1 << 22])
@pytest.mark.parametrize("backtrack", [False, True])
def test_pairs_are_those_of_each_crystal(dataset, monkeypatch, backtrack, at_once, mode):
    monkeypatch.setattr("matdata.load.inputs.line_graph.PAIRS_AT_ONCE", at_once)
    feature = dataset.feature("line-graph", **NEAR, backtrack=backtrack)
    for batch in loader_of(dataset, backtrack, mode=mode):
        graph = batch.get("line-graph", LineGraphBatch)
        made, segments = graph.line_graph, graph.segments["pair"]
        wanted = line_graph(feature.stored(batch.ids), backtrack)
        begin = graph.segments["edge"].start.index_select(0, segments.owner)
        assert made.first.dtype == made.second.dtype == torch.int64
        assert segments.host_offsets.tolist() == wanted.first.offsets.tolist()
        assert (made.first - begin).tolist() == wanted.first.values.tolist()
        assert (made.second - begin).tolist() == wanted.second.values.tolist()
        np.testing.assert_allclose(made.cosine, wanted.cosine.values, rtol=0, atol=1.2e-7)
        assert made.cosine.dtype == torch.float32
        assert torch.equal(graph.receiver[made.first], graph.sender[made.second])
        assert graph.line_graph is made


def test_batches_of_numpy_know_the_pairs_too(dataset):
    batch = next(iter(loader_of(dataset, device="numpy")))
    offsets = batch["line-graph"].offsets["pair"]
    assert np.diff(offsets).tolist() == batch["line-graph"].fields["pairs"].tolist()
    there = batch.to("cpu")["line-graph"]
    assert there.segments["pair"].total == len(there.line_graph.first) == offsets[-1]


@pytest.mark.parametrize("device", ["cpu", "numpy"])
def test_batches_are_limited_by_pairs(dataset, device, monkeypatch):
    numbers = dataset.feature("line-graph", **NEAR, backtrack=True).stored()["pairs"]
    largest = int(numbers.max())
    budget = {"max_entries": {"pair": 2 * largest}, "batch_size": 0}
    monkeypatch.setattr(  # numbers of pairs are read, edges are not
        "matdata.load.reading.FeatureColumns._measured", property(lambda self: 1 / 0)
    )
    loader = loader_of(dataset, device=device, **budget)
    totals = []
    for batch in loader:
        held = batch["line-graph"]
        arrays = device == "numpy"
        totals.append(held.offsets["pair"][-1] if arrays else held.segments["pair"].total)
    assert max(totals) <= 2 * largest
    assert len(totals) > 1
    assert sum(totals) == numbers.sum()
    with pytest.raises(ConfigError, match=rf"has {largest} pairs, a batch may hold 9"):
        loader_of(dataset, **{**budget, "max_entries": {"pair": 9}})
    both = loader_of(dataset, max_edges=400, **budget)
    for batch in both:
        assert batch["line-graph"].segments["edge"].total <= 400


def test_line_graphs_too_large_for_memory_are_refused(dataset, monkeypatch):
    (batch,) = loader_of(dataset, batch_size=COUNT)
    graph = batch["line-graph"]
    pairs = graph.segments["pair"]
    monkeypatch.setattr("matdata.load.memory.WORTH_CHECKING", 0)
    monkeypatch.setattr("matdata.load.memory.free_bytes", lambda device: 20 * pairs.total - 1)
    with pytest.raises(DeviceError) as caught:
        graph.line_graph  # noqa: B018
    assert caught.value.what.startswith(f"{pairs.total:,} pairs of a batch of {COUNT} materials")
    assert f"max_entries={{'pair': {pairs.total - 1}}}" in caught.value.next_step
    assert f"train.max_entries=pair={pairs.total - 1}" in caught.value.next_step
    monkeypatch.setattr("matdata.load.memory.free_bytes", lambda device: 20 * pairs.longest - 1)
    with pytest.raises(DeviceError) as caught:
        graph.require_memory(20)
    assert f"leave out materials with more (one has {pairs.longest:,})" in caught.value.next_step
    monkeypatch.setattr("matdata.load.memory.free_bytes", lambda device: 20 * pairs.total)
    assert len(graph.line_graph.first) == pairs.total


def test_small_batches_ask_for_no_memory(dataset, monkeypatch):
    monkeypatch.setattr("matdata.load.memory.free_bytes", lambda device: 1 / 0)
    batch = next(iter(loader_of(dataset)))
    assert len(batch["line-graph"].line_graph.first)


def test_free_memory_of_the_host_is_a_number():
    assert free_bytes(torch.device("cpu")) > 0
