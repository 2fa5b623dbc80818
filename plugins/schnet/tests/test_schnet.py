from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from matdata_schnet import SchNet
from matdata_schnet.hypers import Hypers
from matdata_schnet.presets import PRESETS
from support.aviary_weights import fill
from support.batches import batch_of, schema_of
from support.crystals import few, isolated, many
from support.meta_device import runs_without_waiting
from support.networks import (
    require_gradients_of_all_edges,
    require_same_in_any_company,
    rewritten,
)
from support.pyg_weights import pyg_outputs, pyg_schnet

from matdata.plugin import ConfigError, Crystals

GRAPH = {"radius": 5.0, "max_neighbours": 0, "isolated": "keep"}
#: What PyG has and the paper has not, at the paper's radius.
AS_PYG = {"preset": "pyg", "radius": 5.0}
#: With the weights of `fill`; other tests hold the network against PyG and the paper's formulas.
GOLDEN = {
    "schnet": [[-0.39094597], [-0.35104960], [-0.33639258], [-0.33412191]],
    "schnetpack": [[-0.37372646], [-0.32538140], [-0.31473604], [-0.31046119]],
    "pyg": [[-0.62134349], [5.24315548], [-0.64886475], [-0.54735667]],
}


def network_of(**hypers):
    return fill(SchNet(Hypers(**hypers)).model(schema_of("graph", robust=False))).eval()


def predict(network, crystals):
    with torch.no_grad():
        return network(batch_of(crystals, "graph", **GRAPH))


@pytest.fixture(scope="module")
def network():
    return network_of()


@pytest.mark.parametrize("preset", PRESETS)
def test_golden_outputs(preset):
    outputs = predict(network_of(preset=preset, radius=5.0), few())
    torch.testing.assert_close(outputs, torch.tensor(GOLDEN[preset]), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("preset", "count"), [("schnet", 128_769), ("schnetpack", 119_169), ("pyg", 458_241)]
)
def test_parameter_count(preset, count):
    """PyG counts 19 elements fewer, of 128 numbers each: 455,809 with its defaults."""
    parameters = network_of(preset=preset).parameters()
    assert sum(parameter.numel() for parameter in parameters) == count


@pytest.mark.slow
@pytest.mark.parametrize("readout", ["mean", "sum"])
@pytest.mark.parametrize("given", [AS_PYG, {**AS_PYG, "channels": 12, "filters": 20, "radius": 4}])
def test_outputs_equal_those_of_pyg(given, readout):
    pytest.importorskip("torch_geometric", reason="uv sync --group bench")
    hypers = Hypers(**given, readout=readout)
    ours = network_of(**hypers.to_dict())
    theirs = pyg_schnet(ours, hypers).eval()
    crystals = Crystals.concat([few(), many(12), isolated()])
    settings = {**GRAPH, "radius": hypers.sizes().radius}
    batch = batch_of(crystals, "graph", **settings)
    with torch.no_grad():
        expected, outputs = pyg_outputs(theirs, batch["graph"]), ours(batch)[:, 0]
    torch.testing.assert_close(outputs, expected, rtol=1e-5, atol=1e-5)
    assert float(expected.std()) > 1e-3


@pytest.mark.slow
def test_gradients_equal_those_of_pyg():
    pytest.importorskip("torch_geometric", reason="uv sync --group bench")
    hypers = Hypers(**AS_PYG, channels=16, filters=16)
    ours = network_of(**hypers.to_dict())
    theirs = pyg_schnet(ours, hypers)
    batch = batch_of(few(), "graph", **GRAPH)
    ours(batch).square().sum().backward()
    pyg_outputs(theirs, batch["graph"]).square().sum().backward()
    for (name, one), (_, other) in zip(
        ours.named_parameters(), theirs.named_parameters(), strict=True
    ):
        assert one.grad is not None
        assert other.grad is not None
        scale = float(other.grad.abs().max())
        torch.testing.assert_close(
            one.grad[: len(other.grad)], other.grad, rtol=0, atol=2e-5 * scale + 1e-6, msg=name
        )


@pytest.mark.parametrize("preset", ["schnet", "schnetpack"])
def test_outputs_are_those_of_the_formulas(preset):
    """One site after another, as the paper writes it."""
    small = {"channels": 6, "filters": 8, "interactions": 2}
    network = network_of(preset=preset, **small).double()
    sizes = Hypers(preset=preset, **small).sizes()
    crystals = many(3)
    graph = batch_of(crystals, "graph", **GRAPH)["graph"]

    def softplus(x):
        return torch.log(torch.exp(x) + 1) - math.log(2)

    centres = torch.linspace(0, sizes.radius, sizes.gaussians, dtype=torch.float64)
    wide = {"schnet": 0.1, "schnetpack": 2 * (5 / 24) ** 2}[preset]
    sites = [network.embedding.weight[z] for z in graph.numbers]
    with torch.no_grad():
        for block in network.interactions:
            seen = [block.to_filters.weight @ site for site in sites]
            after = []
            for number, site in enumerate(sites):
                total, places = torch.zeros(8, dtype=torch.float64), 0
                for edge in torch.nonzero(graph.sender == number)[:, 0].tolist():
                    basis = torch.exp(-((graph.distance[edge].double() - centres) ** 2) / wide)
                    filters = block.filters.second(softplus(block.filters.first(basis)))
                    if preset == "schnet":
                        filters = softplus(filters)
                    total = total + seen[int(graph.receiver[edge])] * filters
                    places += 1
                inner = softplus(block.from_filters(total / places))
                after.append(site + block.last(inner))
            sites = after
        outputs = network.heads(softplus(network.trunk(torch.stack(sites))))[:, 0]
    expected = [outputs[graph.crystal == row].mean() for row in range(len(crystals))]
    found = predict(network_of(preset=preset, **small), crystals)[:, 0].double()
    torch.testing.assert_close(found, torch.stack(expected), rtol=0, atol=1e-5)
    assert float(found.std()) > 1e-4


def test_crystals_without_edges_are_predicted_alike_in_any_company(network):
    require_same_in_any_company(partial(predict, network), isolated())


def test_isolated_atoms_are_kept_or_rejected_as_set():
    for choice, rows in (("reject", 2), ("keep", 4)):
        settings = SchNet(Hypers(isolated=choice)).input_settings()["graph"]
        assert batch_of(isolated(), "graph", **settings)["graph"].size == rows


@pytest.mark.parametrize("change", ["translated", "rotated", "permuted", "supercell"])
def test_predictions_do_not_depend_on_how_a_crystal_is_written(network, change):
    expected = predict(network, few())
    torch.testing.assert_close(predict(network, rewritten(few(), change)), expected, atol=2e-5,
                               rtol=0)  # fmt: skip


def test_a_sum_grows_with_the_cell():
    network = network_of(readout="sum")
    once, twice = predict(network, few()), predict(network, rewritten(few(), "supercell"))
    torch.testing.assert_close(twice, 2 * once, rtol=1e-4, atol=1e-4)


def test_distances_and_elements_matter(network):
    crystals = few()
    before = predict(network, crystals)
    wider = replace(crystals, lattice=crystals.lattice * 1.02)
    heavier = replace(crystals, numbers=crystals.numbers + 1)
    for other in (wider, heavier):
        assert float((predict(network, other) - before).abs().min()) > 1e-5


@pytest.mark.parametrize("preset", ["schnet", "pyg"])
def test_equal_edges_computed_once_give_the_same_gradients(monkeypatch, preset):
    network, batch = network_of(preset=preset, radius=5.0), batch_of(few(), "graph", **GRAPH)
    require_gradients_of_all_edges(monkeypatch, network, batch)


@pytest.mark.parametrize("preset", PRESETS)
def test_no_size_is_fetched_from_a_device(preset):
    runs_without_waiting(network_of(preset=preset), batch_of(few(), "graph", **GRAPH))


def test_presets_differ_as_published():
    first, scripts, pyg = (PRESETS[name] for name in ("schnet", "schnetpack", "pyg"))
    assert {one.interactions for one in PRESETS.values()} == {6}
    assert first.width == pytest.approx(10**-0.5)  # gamma = 10 Å^-2
    assert scripts.width == pytest.approx(2**0.5 * 5 / 24)
    assert (first.radius, scripts.radius, pyg.radius) == (5.0, 5.0, 10.0)
    assert Hypers(preset="pyg", radius=5.0).sizes().width == pytest.approx(2**0.5 * 5 / 49)
    assert SchNet().loop_defaults()["gamma"] == pytest.approx(0.96**50, abs=0.001)
    of_script = SchNet(Hypers(preset="schnetpack")).loop_defaults()
    assert (of_script["lr"], of_script["schedule"]) == (1e-4, "plateau")
    assert SchNet(Hypers(radius=4.0)).input_settings()["graph"]["radius"] == 4.0


@pytest.mark.parametrize(
    ("hypers", "text"),
    [
        ({"preset": "schnett"}, "preset"),
        ({"cutoff": "cosin"}, "did you mean 'cosine'"),
        ({"gaussians": 1}, "at least 2"),
        ({"readout": "max"}, "readout"),
    ],
)
def test_what_cannot_be_is_refused(hypers, text):
    with pytest.raises(ConfigError) as caught:
        Hypers(**hypers)
    assert text in caught.value.what
