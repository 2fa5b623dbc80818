from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch
from matdata_cgcnn import CGCNN
from support.aviary_weights import aviary_cgcnn, fill
from support.batches import batch_of, schema_of
from support.crystals import few
from support.networks import (
    require_gradients_of_all_edges,
    require_same_in_any_company,
    rewritten,
)

from matdata.plugin import nn as blocks

#: aviary 1.2.1 with the weights of `fill`, on our graphs, while training (batch statistics).
GOLDEN = [
    [-0.16868763, 0.06266548],
    [-0.15126142, 0.14506029],
    [-0.23349683, -0.00416960],
    [-0.55517238, -0.00156309],
]


@pytest.fixture
def network():
    return fill(CGCNN().model(schema_of("graph")))


def predict(network, crystals):
    with torch.no_grad():
        return network(batch_of(crystals, "graph"))


@pytest.fixture
def trained(network):
    """A network whose running statistics are those of some crystals."""
    for _ in range(50):
        predict(network, few())
    return network.eval()


def test_golden_outputs(network):
    torch.testing.assert_close(predict(network, few()), torch.tensor(GOLDEN), rtol=0, atol=1e-5)


@pytest.mark.slow
def test_outputs_equal_aviary(network):
    pytest.importorskip("aviary", reason="uv sync --group bench")
    graph = batch_of(few(), "graph")["graph"]
    theirs = aviary_cgcnn(network)
    inputs = graph.numbers, graph.distance, graph.sender, graph.receiver, graph.crystal
    for _ in range(3):  # running statistics follow too
        with torch.no_grad():
            expected = theirs(*inputs)[0]
        torch.testing.assert_close(predict(network, few()), expected, rtol=0, atol=1e-5)
    network.eval(), theirs.eval()
    with torch.no_grad():
        expected = theirs(*inputs)[0]
    torch.testing.assert_close(predict(network, few()), expected, rtol=0, atol=1e-5)


def test_parameter_count(network):
    assert sum(parameter.numel() for parameter in network.parameters()) == 128_450


def test_the_preset_of_xie_s_code():
    """Sizes and schedule of txie-93/cgcnn: 41 Gaussians up to 8 Å, three convolutions."""
    trainer = CGCNN(CGCNN.Hypers(preset="xie"))
    assert trainer.input_settings() == {"graph": {"radius": 8.0, "max_neighbours": 12}}
    network = trainer.model(schema_of("graph", robust=False))
    assert len(network.layers) == 3
    assert network.layers[0].edge.shape == (128, 41)
    convolution = (64 + 64 + 41) * 128 + 128 + 2 * 128 + 2 * 64
    xie = 92 * 64 + 64 + 3 * convolution + 64 * 128 + 128 + 128 + 1
    assert sum(parameter.numel() for parameter in network.parameters()) == xie
    schedule = trainer.loop_defaults()
    assert (schedule["optimizer"], schedule["lr"], schedule["loss"]) == ("sgd", 0.01, "mse")
    assert (schedule["milestones"], schedule["epochs"]) == ((100,), 200)
    assert CGCNN().loop_defaults() == CGCNN.defaults


def test_the_preset_s_last_layers_are_joined_by_softplus(monkeypatch):
    trainer = CGCNN(CGCNN.Hypers(preset="xie", layers=0))
    network = trainer.model(schema_of("graph", robust=False)).eval()
    batch = batch_of(few(), "graph", **trainer.input_settings()["graph"])
    graph = batch["graph"]
    with torch.no_grad():
        pooled = graph.segments["site"].mean(network.embedding(graph.numbers))
        inner = network.trunk(torch.nn.functional.softplus(pooled))
        expected = network.heads(torch.nn.functional.softplus(inner))
        torch.testing.assert_close(network(batch), expected)
        assert not torch.allclose(expected, network.heads(torch.relu(inner)))


def test_it_says_that_members_cannot_be_stacked():
    assert not CGCNN.vmap


def test_company_does_not_matter(trained):
    require_same_in_any_company(partial(predict, trained), few(), atol=1e-5)


@pytest.mark.parametrize("change", ["translated", "permuted", "supercell"])
def test_predictions_do_not_depend_on_how_a_crystal_is_written(trained, change):
    """aviary's cut after exactly 12 neighbours moves them: most perovskites have ties there."""
    expected = predict(trained, few())
    outputs = predict(trained, rewritten(few(), change))
    torch.testing.assert_close(outputs, expected, rtol=0, atol=2e-5)


@pytest.mark.slow
def test_distances_matter(trained):
    crystals = few()
    wider = replace(crystals, lattice=crystals.lattice * 1.03)
    moved = (predict(trained, wider) - predict(trained, crystals)).abs().amax(1)
    assert moved.min() > 1e-4


def test_equal_edges_computed_once_give_the_same_gradients(network, monkeypatch):
    batch = batch_of(few(), "graph")
    graph = batch["graph"]
    ends = graph.sender, graph.receiver
    held = blocks.Edges.distinct(*ends, graph.distance, len(graph.numbers))
    assert held.count is not None
    assert int(held.count.sum()) == len(graph.distance)
    assert len(held.distance) < len(graph.distance) / 2
    require_gradients_of_all_edges(monkeypatch, network, batch)
