from __future__ import annotations

import numpy as np
import pytest
import torch
from matdata_megnet import MEGNet
from matdata_megnet.hypers import Hypers
from matdata_megnet.presets import PRESETS
from support.aviary_weights import fill
from support.batches import batch_of, schema_of
from support.crystals import cubic, few, many
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

from matdata.plugin import ConfigError, Crystals, element_symbols, to_crystals
from matdata.plugin import nn as blocks

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


def lonely() -> Crystals:
    """A crystal without edges, between two with some; and one with an isolated site."""
    sites = [
        cubic(4.12, [55, 17], [[0, 0, 0], [0.5, 0.5, 0.5]]),
        cubic(9.0, [11], [[0, 0, 0]]),
        cubic(3.35, [29], [[0, 0, 0]]),
        cubic(12.0, [8, 8, 2], [[0, 0, 0], [0.1, 0, 0], [0.5, 0.5, 0.5]]),
    ]
    return to_crystals(["cscl", "alone", "cu", "partly"], sites)


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
    whole = predict(network, lonely())
    assert torch.isfinite(whole).all()
    for row in range(len(lonely())):
        torch.testing.assert_close(
            predict(network, lonely().take([row]))[0], whole[row], rtol=0, atol=1e-6
        )


def test_isolated_atoms_are_kept_or_refused_as_asked():
    for isolated, rows in (("reject", 2), ("keep", 4)):
        settings = MEGNet(Hypers(isolated=isolated)).input_settings()["graph"]
        assert batch_of(lonely(), "graph", **settings)["graph"].size == rows


def test_company_does_not_matter(network):
    whole = predict(network, few())
    for row in range(4):
        alone = predict(network, few().take([row]))[0]
        torch.testing.assert_close(alone, whole[row], rtol=0, atol=1e-6)


@pytest.mark.parametrize("change", ["translated", "permuted", "supercell"])
def test_predictions_do_not_depend_on_how_a_crystal_is_written(network, change):
    crystals = few()
    rng = np.random.default_rng(1)
    frac, numbers, lattice = crystals.frac_coords, crystals.numbers, crystals.lattice
    offsets = crystals.offsets
    if change == "supercell":
        parts = [crystals.sites(row) for row in range(len(crystals))]
        cells = [frac[own] * [1, 1, 0.5] for own in parts]
        frac = np.concatenate([cell + np.array([0, 0, z]) for cell in cells for z in (0, 0.5)])
        numbers = np.concatenate([numbers[own] for own in parts for _ in range(2)])
        lattice, offsets = lattice * np.array([1, 1, 2])[None, :, None], offsets * 2
    elif change == "translated":
        frac = (frac + rng.random(3)) % 1
    else:
        order = np.concatenate(
            [rng.permutation(np.arange(*offsets[row : row + 2])) for row in range(len(crystals))]
        )
        frac, numbers = frac[order], numbers[order]
    other = Crystals(crystals.ids, lattice, frac, numbers, offsets)
    torch.testing.assert_close(predict(network, other), predict(network, crystals), atol=2e-5,
                               rtol=0)  # fmt: skip


def test_distances_and_elements_matter(network):
    crystals = few()
    before = predict(network, crystals)
    wider = Crystals(
        crystals.ids,
        crystals.lattice * 1.02,
        crystals.frac_coords,
        crystals.numbers,
        crystals.offsets,
    )
    heavier = Crystals(
        crystals.ids,
        crystals.lattice,
        crystals.frac_coords,
        crystals.numbers + 1,
        crystals.offsets,
    )
    for other in (wider, heavier):
        assert float((predict(network, other) - before).abs().min()) > 1e-5


def test_equal_edges_computed_once_give_the_same_gradients(monkeypatch):
    network = network_of()

    def step():
        network.zero_grad()
        network.train()(batch_of(few(), "graph", **GRAPH)).square().sum().backward()
        return {name: value.grad.clone() for name, value in network.named_parameters()}

    merged = step()
    monkeypatch.setattr(blocks.Edges, "distinct", lambda *edges: blocks.Edges(*edges[:3]))
    for name, value in step().items():
        scale = float(value.abs().max())
        torch.testing.assert_close(merged[name], value, rtol=0, atol=2e-5 * scale + 1e-6)


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
