from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from matdata_alignn import ALIGNN
from matdata_alignn.hypers import Hypers
from matdata_alignn.parts import Parts
from support.aviary_weights import fill
from support.batches import batch_of, schema_of
from support.crystals import asymmetric, few, isolated
from support.meta_device import DEVICE, runs_without_waiting
from support.networks import require_same_in_any_company, rewritten

import matdata as md
from matdata.plugin import ConfigError

#: With the weights of `fill` while training; `test_reference.py` holds the network to alignn.
GOLDEN = [[-0.70626897], [-0.34194383], [-0.68413121], [-0.03985016]]
SMALL = {"width": 32, "embedding": 16, "alignn_layers": 2, "gcn_layers": 2}


def network_of(**hypers):
    torch.manual_seed(0)
    return ALIGNN(Hypers(**hypers)).model(schema_of("line-graph", robust=False))


def predict(network, crystals, **settings):
    with torch.no_grad():
        return network(batch_of(crystals, "line-graph", **settings))


@pytest.fixture(scope="module")
def trained():
    """A network whose running statistics are those of some crystals."""
    network = fill(network_of(**SMALL))
    for _ in range(50):
        predict(network, few())
    return network.eval()


def test_golden_outputs():
    outputs = predict(fill(network_of(**SMALL)), few())
    torch.testing.assert_close(outputs, torch.tensor(GOLDEN), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("preset", "count"), [("alignn", 4_026_753), ("gcn", 1_386_881), ("alignn-2-64", 149_121)]
)
def test_parameter_count(preset, count):
    """Tables 2 and 3 of OCrystalNet count 4,026,753."""
    parameters = network_of(preset=preset).parameters()
    assert sum(parameter.numel() for parameter in parameters) == count


def test_it_says_that_members_cannot_be_stacked():
    assert not ALIGNN.vmap


@pytest.mark.slow
def test_company_does_not_matter(trained):
    require_same_in_any_company(partial(predict, trained), few(), atol=1e-5)


@pytest.mark.parametrize("change", ["translated", "permuted", "supercell"])
def test_predictions_do_not_depend_on_how_a_crystal_is_written(trained, change):
    expected = predict(trained, few())
    outputs = predict(trained, rewritten(few(), change))
    torch.testing.assert_close(outputs, expected, rtol=0, atol=2e-5)


def test_distances_and_elements_matter(trained):
    crystals = few().take([0, 1, 2])
    before = predict(trained, crystals)
    for other in (
        replace(crystals, lattice=crystals.lattice * 1.03),
        replace(crystals, numbers=crystals.numbers + 1),
    ):
        assert float((predict(trained, other) - before).abs().min()) > 1e-4


def test_elements_have_one_prediction_each(trained):
    """Gates weight a mean, and the mean of equal messages is the message."""
    crystals = asymmetric(4)
    crystals = replace(crystals, numbers=np.full_like(crystals.numbers, 29))
    outputs = predict(trained, crystals)
    torch.testing.assert_close(outputs, outputs[:1].expand(4, 1), rtol=0, atol=1e-5)


def test_angles_matter_to_layers_on_the_line_graph_alone(trained):
    def moved(network):
        with torch.no_grad():
            batch = batch_of(asymmetric(3), "line-graph")
            before = network(batch)
            batch["line-graph"].line_graph.cosine.mul_(-1)
            return float((network(batch) - before).abs().max())

    assert moved(trained) > 1e-4
    assert moved(network_of(**{**SMALL, "alignn_layers": 0}).eval()) == 0


def test_crystals_without_edges_are_predicted_alike_in_any_company(trained):
    near = partial(predict, trained, radius=4.0, isolated="keep")
    require_same_in_any_company(near, isolated(), atol=1e-5)


def test_isolated_atoms_are_kept_or_rejected_as_set():
    for choice, rows in (("reject", 2), ("keep", 4)):
        settings = ALIGNN(Hypers(radius=4.0, isolated=choice)).input_settings()["line-graph"]
        assert batch_of(isolated(), "line-graph", **settings)["line-graph"].size == rows
    settings = ALIGNN().input_settings()["line-graph"]  # however far the neighbours are
    assert batch_of(isolated(), "line-graph", **settings)["line-graph"].size == 4


def test_no_size_is_fetched_from_a_device():
    batch = batch_of(few(), "line-graph")
    runs_without_waiting(network_of(**SMALL), batch)
    there = Parts.of(batch.to(DEVICE)["line-graph"], True, images_twice=True).distinct()
    assert there.pairs.count.shape == (batch["line-graph"].segments["pair"].total, 1)


def test_line_graphs_too_large_for_memory_are_refused(monkeypatch):
    batch = batch_of(asymmetric(4), "line-graph")
    total = batch["line-graph"].segments["pair"].total
    monkeypatch.setattr("matdata.load.memory.WORTH_CHECKING", 0)
    monkeypatch.setattr("matdata.load.memory.free_bytes", lambda device: 1000 * total)
    network = network_of(**SMALL)
    with torch.no_grad():
        network(batch)  # in training channels are kept for the gradient
    with pytest.raises(md.DeviceError, match="pairs of a batch of 4 materials") as caught:
        network(batch)
    most = 1000 * total // (4 * SMALL["width"] * 6 * SMALL["alignn_layers"])
    assert f"max_entries={{'pair': {most}}}" in caught.value.next_step


def test_presets_and_sizes():
    assert Hypers().sizes().width == 256
    assert Hypers(preset="gcn").sizes().alignn_layers == 0
    assert Hypers(preset="alignn-2-64", width=32).sizes().width == 32
    assert Hypers(preset="alignn-2-64", width=32).sizes().gcn_layers == 2


@pytest.mark.parametrize(
    ("hypers", "text"),
    [
        ({"preset": "alingn"}, "did you mean 'alignn'"),
        ({"width": 0}, "width"),
        ({"distances": 1}, "distances"),
        ({"isolated": "drop"}, "isolated"),
    ],
)
def test_hyperparameters_that_do_not_fit_are_refused(hypers, text):
    with pytest.raises(ConfigError) as caught:
        Hypers(**hypers)
    assert text in caught.value.what
