from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch
from matdata_megnet import MEGNet
from matdata_megnet.hypers import Hypers
from matdata_megnet.presets import PRESETS
from support.aviary_weights import fill
from support.batches import batch_of, schema_of
from support.crystals import few, isolated, many
from support.matgl_weights import (
    FULL,
    arguments,
    graphs_of,
    hypers_of,
    matgl_megnet,
    structures_of,
    tensors_of,
)
from support.meta_device import runs_without_waiting
from support.networks import (
    require_gradients_of_all_edges,
    require_same_in_any_company,
    rewritten,
)

from matdata.plugin import ConfigError, Crystals, element_symbols

GRAPH = {"radius": 4.0, "max_neighbours": 0, "isolated": "keep"}
#: With the weights of `fill`; `test_outputs_equal_matgl` holds the network against matgl 4.1.2.
GOLDEN = [[0.30383644], [0.31129712], [0.30124220], [0.30896002]]


def network_of(**hypers):
    return fill(MEGNet(Hypers(**hypers)).model(schema_of("graph", robust=False))).eval()


def predict(network, crystals):
    with torch.no_grad():
        return network(batch_of(crystals, "graph", **GRAPH))


@pytest.fixture(scope="module")
def network():
    return network_of()


def test_golden_outputs(network):
    torch.testing.assert_close(predict(network, few()), torch.tensor(GOLDEN), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("preset", "count"), [("megnet", 190_001), ("finder", 184_881), ("matgl", 190_001)]
)
def test_parameter_count(preset, count):
    """matgl 4 counts 189,521: 30 fewer elements, of 16 numbers each."""
    parameters = network_of(preset=preset).parameters()
    assert sum(parameter.numel() for parameter in parameters) == count


@pytest.mark.slow
@pytest.mark.parametrize("given", [{}, {"cutoff": 5.0, "nblocks": 3, "niters_set2set": 3}, FULL])
def test_outputs_equal_matgl(given):
    pytest.importorskip("matgl", reason="uv sync --group bench")
    given = arguments(**given, element_types=list(element_symbols()[1:100]))
    ours = network_of(**hypers_of(given).to_dict())
    theirs = matgl_megnet(given, tensors_of(ours, hypers_of(given), given["element_types"]))
    crystals = Crystals.concat([few(), many(12)])
    structures = structures_of(crystals)
    with torch.no_grad():
        expected = theirs(graphs_of(structures, theirs), torch.zeros(len(crystals), 2))
        found = ours(batch_of(crystals, "graph", **{**GRAPH, "radius": given["cutoff"]}))
    torch.testing.assert_close(found[:, 0], expected, rtol=0, atol=1e-5)
    assert float(expected.std()) > 1e-3


def test_crystals_without_edges_are_predicted_alike_in_any_company(network):
    require_same_in_any_company(partial(predict, network), isolated())


def test_isolated_atoms_are_kept_or_rejected_as_set():
    for choice, rows in (("reject", 2), ("keep", 4)):
        settings = MEGNet(Hypers(isolated=choice)).input_settings()["graph"]
        assert batch_of(isolated(), "graph", **settings)["graph"].size == rows


def test_company_does_not_matter(network):
    require_same_in_any_company(partial(predict, network), few())


@pytest.mark.parametrize("change", ["translated", "permuted", "supercell"])
def test_predictions_do_not_depend_on_how_a_crystal_is_written(network, change):
    expected = predict(network, few())
    outputs = predict(network, rewritten(few(), change))
    torch.testing.assert_close(outputs, expected, rtol=0, atol=2e-5)


def test_distances_and_elements_matter(network):
    crystals = few()
    before = predict(network, crystals)
    wider = replace(crystals, lattice=crystals.lattice * 1.02)
    heavier = replace(crystals, numbers=crystals.numbers + 1)
    for other in (wider, heavier):
        assert float((predict(network, other) - before).abs().min()) > 1e-5


def test_equal_edges_computed_once_give_the_same_gradients(monkeypatch):
    batch = batch_of(few(), "graph", **GRAPH)
    require_gradients_of_all_edges(monkeypatch, network_of(), batch)


@pytest.mark.slow
def test_no_size_is_fetched_from_a_device():
    runs_without_waiting(network_of(), batch_of(few(), "graph", **GRAPH))


def test_presets_differ_as_published():
    assert PRESETS["megnet"].steps == PRESETS["finder"].steps == 3
    assert Hypers(preset="finder").sizes().centres == 20
    assert Hypers(preset="finder", radius=5.0).sizes().radius == 5.0
    assert Hypers().sizes().radius == 4.0
    assert MEGNet(Hypers(radius=5.0)).input_settings()["graph"]["radius"] == 5.0


@pytest.mark.parametrize(
    ("hypers", "text"),
    [
        ({"dense": (64, 16)}, "dense ends in 16 channels, convolution in 32"),
        ({"output": ()}, "output is ()"),
        ({"convolution": (64, 0)}, "convolution is (64, 0)"),
        ({"preset": "megnett"}, "preset"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(hypers, text):
    with pytest.raises(ConfigError) as caught:
        Hypers(**hypers)
    assert text in caught.value.what
