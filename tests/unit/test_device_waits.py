"""No network and no input of a batch fetches a size, or anything else, from the device.

Tensors of torch's ``meta`` device have shapes and no values, and take every way that is not the
CPU's. So whatever would wait for a value of a GPU (`item`, `nonzero`, a boolean mask, `bincount`,
`repeat_interleave` without its size, a copy to the host) fails here.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.crystals import many
from support.meta_device import DEVICE, on_device, runs_without_waiting

from matdata.features import featurizer
from matdata.nn import Segments, segment_mean
from matdata.plugin import Head, Schema, Target
from matdata.training import trainer
from matdata.training.batch_of import batch_of

MATERIALS = 5


def case(name, **hypers):
    plugin = trainer(name, hypers)
    settings = plugin.input_settings()
    featurizers = {spec: featurizer(spec, settings.get(spec)) for spec in plugin.inputs()}
    batch = batch_of(featurizers, many(MATERIALS))
    return plugin.model(Schema((Target("energy"),), (Head("energy", (1, 1)),), featurizers)), batch


CASES = {
    "alignn": [{"isolated": "keep"}, {"alignn_layers": 0}],
    "cgcnn": [{}],
    "crabnet": [{}, {"scaling": "pooled"}],
    "elemnet": [{}],
    "example": [{}],
    "finder": [{"graph": "formula"}, {"graph": "crystal"}, {"attention": False, "post": False}],
    "geocgnn": [{}, {"preset": "oqmd", "pooling": "mean", "isolated": "keep"}],
    "lgdcnn": [{}, {"locally": "dpcnn", "attention": "self"}],
    "megnet": [{"isolated": "keep"}],
    "ocrystalnet": [{"reverse": "both"}, {"reverse": "both", "aggregate": "mean"}],
    "ogcnn": [{}],
    "quotient": [{"isolated": "keep"}],
    "rescnn": [{}],
    "roost": [{}],
    "schnet": [{}, {"preset": "pyg", "radius": 5, "isolated": "keep"}],
    "wren": [{}],
}
FLAT = [(name, hypers) for name, several in CASES.items() for hypers in several]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "hypers"), FLAT, ids=[f"{name}-{'-'.join(map(str, h.values()))}" for name, h in FLAT]
)
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_networks_of_plugins_wait_for_nothing(name, hypers, training, made):
    model, batch = made(name, hypers)
    runs_without_waiting(model.train(training), batch)


@pytest.fixture(scope="module")
def made():
    """Networks and batches of the CPU, made once."""
    kept = {}

    def make(name, hypers):
        key = name, tuple(hypers.items())
        if key not in kept:
            kept[key] = case(name, **hypers)
        return kept[key]

    return make


@pytest.mark.parametrize("reverse", ["add", "drop"])
def test_ocrystalnet_waits_once_for_the_edges_of_a_batch(reverse, made):
    from matdata_ocrystalnet import edges

    model, batch = made("ocrystalnet", {"reverse": reverse})
    found = edges.edges_of(batch["graph"], reverse)
    with pytest.raises(NotImplementedError, match="nonzero"):
        runs_without_waiting(model, batch)

    def as_found(there):
        edges._EDGES[there["graph"]] = {reverse: edges.Edges(*map(on_device, found))}

    runs_without_waiting(model, batch, as_found)


INPUTS = ("composition-set", "edm", "element:mat2vec", "formula-graph", "fractions", "graph")
SETTINGS = {"graph": {"basis": "megnet"}, "wyckoff": {"labellings": "all"}}


@pytest.mark.parametrize("backtrack", [True, False])
def test_line_graphs_are_made_without_waiting(backtrack):
    batch = batch_of({"line-graph": featurizer("line-graph", {"backtrack": backtrack})}, many(3))
    made, there = batch["line-graph"].line_graph, batch.to(DEVICE)["line-graph"].line_graph
    for name in ("first", "second", "cosine"):
        assert getattr(there, name).shape == getattr(made, name).shape
        assert getattr(there, name).device == DEVICE


@pytest.mark.parametrize("spec", [*INPUTS, "lattice", "line-graph", "ofm", "ofm-mean", "wyckoff"])
def test_inputs_expand_without_waiting(spec):
    settings = {"ofm-mean": {"level": "structure"}}.get(spec, SETTINGS.get(spec))
    spec = spec.removesuffix("-mean")
    batch = batch_of({spec: featurizer(spec, settings)}, many(MATERIALS))
    expected = batch[spec].dense()
    there = batch.to(DEVICE)[spec]
    dense = there.dense()
    assert dense.shape == expected.shape
    assert dense.device == DEVICE
    if hasattr(there, "pairs"):
        assert there.pairs[0].shape == batch[spec].pairs[0].shape


def test_segments_wait_for_nothing():
    segments = Segments(torch.empty(4, dtype=torch.int64, device=DEVICE), np.array([0, 3, 3, 5]))
    values = torch.empty(5, 2, device=DEVICE)
    grid = segments.padded(values)
    assert grid.shape == (3, 3, 2)
    assert segments.packed(grid).shape == values.shape
    assert segments.pairs[0].shape == (13,)
    assert [part.shape for part in segments.distinct_pairs] == [(8,), (8,)]
    assert segments.pair_offsets.shape == segments.offsets.shape
    for reduced in (segments.sum(values), segments.mean(values), segments.max(values)):
        assert reduced.shape == (3, 2)
    for kept in (segments.softmax(values, values[:, :1]), segments.shifted(values, -1)):
        assert kept.shape == values.shape
    assert segment_mean(values, segments.owner, 3).shape == (3, 2)


@pytest.mark.parametrize(
    "waits",
    [
        lambda x: x.max().item(),
        lambda x: x.tolist(),
        lambda x: x[x > 0],
        lambda x: torch.bincount(x, minlength=3),
        lambda x: torch.repeat_interleave(x),
        lambda x: torch.unique(x),
        lambda x: x.cpu(),
        lambda x: x.to("cpu", torch.float64),
    ],
)
def test_the_device_shows_what_waits(waits):
    with pytest.raises(RuntimeError, match=r"[Mm]eta"):
        waits(torch.empty(5, dtype=torch.int64, device=DEVICE))
