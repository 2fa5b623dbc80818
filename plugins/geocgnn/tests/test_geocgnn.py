from __future__ import annotations

import dataclasses
import math
from functools import partial

import numpy as np
import pytest
import torch
from matdata_geocgnn import GeoCGNN
from matdata_geocgnn.basis import PlaneWaves, RadialFunctions, volumes
from matdata_geocgnn.hypers import Hypers
from matdata_geocgnn.presets import PRESETS
from support.aviary_weights import fill
from support.batches import batch_of, schema_of
from support.crystals import cubic, few
from support.geocgnn_reference import outputs_of
from support.meta_device import runs_without_waiting
from support.networks import require_same_in_any_company
from support.triclinic import triclinic
from torch import nn

from matdata.plugin import ConfigError, Crystals, to_crystals
from matdata.plugin import nn as blocks

SMALL = {"channels": 12, "blocks": 3, "gaussians": 10, "mesh": 3}
#: With the weights and statistics of `network_of`; `test_outputs_are_those_of_the_formulas` holds
#: the network against the paper's formulas.
GOLDEN = [[-0.45547694], [-0.70438814], [-0.12668920], [-0.11583812]]


def network_of(**hypers):
    """Scattered weights, and statistics that differ from those of a new network."""
    network = fill(GeoCGNN(Hypers(**hypers)).model(schema_of("graph", robust=False)))
    for norm in (part for part in network.modules() if isinstance(part, nn.BatchNorm1d)):
        steps = torch.arange(norm.num_features, dtype=torch.float32)
        norm.weight.data.copy_(1.0 + 0.3 * torch.sin(steps))
        norm.bias.data.copy_(0.2 * torch.cos(steps))
        norm.running_mean.copy_(0.1 * torch.sin(2 * steps))
        norm.running_var.copy_(1.0 + 0.5 * torch.cos(3 * steps))
    return network.eval()


def batch_for(crystals, **hypers):
    settings = GeoCGNN(Hypers(**hypers)).input_settings()["graph"]
    return batch_of(crystals, "graph", **settings)


def predict(network, crystals, **hypers):
    with torch.no_grad():
        return network(batch_for(crystals, **hypers))


@pytest.fixture(scope="module")
def network():
    return network_of(**SMALL)


def test_golden_outputs():
    outputs = predict(network_of(), few())
    torch.testing.assert_close(outputs, torch.tensor(GOLDEN), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("preset", "count"), [("geocgnn", 1_819_536), ("oqmd", 1_023_584)])
def test_parameter_count(preset, count):
    """The authors' code has 1,921,872 and 1,092,320 for 118 elements; nothing reads the others."""
    parameters = network_of(preset=preset).parameters()
    assert sum(parameter.numel() for parameter in parameters) == count


@pytest.mark.parametrize("pooling", ["sum", "mean"])
@pytest.mark.parametrize("given", [SMALL, {**SMALL, "mesh": 2, "radius": 5.0, "halvings": 1}])
def test_outputs_are_those_of_the_formulas(given, pooling):
    hypers = Hypers(**given, pooling=pooling)
    network = network_of(**given, pooling=pooling)
    crystals = Crystals.concat([few(), triclinic(4)])
    batch = batch_for(crystals, **given)
    with torch.no_grad():
        outputs = network(batch)[:, 0].numpy()
    expected = outputs_of(network, hypers, crystals, batch["graph"])
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)
    assert float(np.std(expected)) > 1e-3


def test_plane_waves_are_those_of_the_reciprocal_mesh():
    crystals = triclinic(3)
    graph = batch_for(crystals)["graph"]
    assert np.allclose(
        volumes(graph.fields["metric"]), np.abs(np.linalg.det(crystals.lattice)), rtol=1e-10
    )
    waves = PlaneWaves(2)(graph)
    assert waves.shape == (len(graph.sender), 8)
    torch.testing.assert_close(waves, waves.flip(1))  # the mesh holds -k with each k


def test_radial_functions_end_at_the_radius():
    functions = RadialFunctions(6.0, 5)(torch.tensor([1e-3, 3.0, 6.0]))
    assert torch.all(functions[1] > 0)
    torch.testing.assert_close(functions[2], torch.zeros(5), rtol=0, atol=1e-6)
    # the last centre is that of the length 0, where the envelope is 1
    assert float(functions[0, -1]) == pytest.approx(1.0, abs=1e-3)
    assert RadialFunctions(6.0, 5).gaussians.basis.width == pytest.approx(
        2 * (1 - math.exp(-6)) / 5
    )


def changed(crystals: Crystals, change: str) -> Crystals:
    """The same crystals, written otherwise."""
    rng = np.random.default_rng(1)
    frac, numbers, lattice = crystals.frac_coords, crystals.numbers, crystals.lattice
    offsets = crystals.offsets
    if change == "translated":
        frac = frac + rng.random(3)
    elif change == "wrapped":
        frac = frac + rng.integers(-2, 3, frac.shape)
    elif change in ("rotated", "mirrored"):
        turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        turn *= np.linalg.det(turn) * (1 if change == "rotated" else -1)
        lattice = lattice @ turn
    elif change == "inverted":
        frac = -frac
    elif change == "permuted":
        order = np.concatenate(
            [rng.permutation(np.arange(*offsets[row : row + 2])) for row in range(len(crystals))]
        )
        frac, numbers = frac[order], numbers[order]
    elif change == "other axes":
        frac, lattice = frac[:, [1, 2, 0]], lattice[:, [1, 2, 0]]
    elif change == "skewed":  # c becomes c + a
        lattice = crystals.lattice.copy()
        lattice[:, 2] += lattice[:, 0]
        frac = frac - frac[:, [2]] * [1, 0, 0]
    return Crystals(crystals.ids, lattice, frac, numbers, offsets)


@pytest.mark.parametrize(
    "change", ["translated", "wrapped", "rotated", "mirrored", "inverted", "permuted"]
)
def test_what_predictions_do_not_depend_on(network, change):
    crystals = triclinic(6)
    expected = predict(network, crystals, **SMALL)
    outputs = predict(network, changed(crystals, change), **SMALL)
    torch.testing.assert_close(outputs, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("change", ["other axes", "skewed"])
def test_predictions_depend_on_the_choice_of_the_cell(network, change):
    """Plane waves are of the reciprocal cell; without them nothing would."""
    crystals = triclinic(6)
    other = changed(crystals, change)
    before, after = (predict(network, one, **SMALL) for one in (crystals, other))
    assert float((before - after).abs().min()) > 1e-4
    blind = network_of(**SMALL)
    for convolution in blind.convolutions:
        convolution.wave.weight.data.zero_()
    before, after = (predict(blind, one, **SMALL) for one in (crystals, other))
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-4)


def test_company_does_not_matter(network):
    require_same_in_any_company(partial(predict, network, **SMALL), few(), atol=1e-5)


def test_equal_edges_computed_once_give_the_same_gradients(monkeypatch):
    """In float64: batch normalisation amplifies rounding."""
    network = network_of(**SMALL).double().train()
    batch = batch_for(few(), **SMALL)
    distinct = blocks.Edges.distinct

    def step(merge):
        def exact(*edges, **options):
            made = distinct(*edges, **options) if merge else blocks.Edges(*edges[:3])
            count = None if made.count is None else made.count.double()
            return dataclasses.replace(made, distance=made.distance.double(), count=count)

        monkeypatch.setattr(blocks.Edges, "distinct", exact)
        network.zero_grad()
        outputs = network(batch)
        outputs.square().sum().backward()
        return [outputs, *(value.grad.clone() for value in network.parameters())]

    graph = batch["graph"]
    merged = distinct(graph.sender, graph.receiver, graph.distance, len(graph.numbers))
    assert float(merged.count.max()) > 1
    for one, other in zip(step(True), step(False), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-8)


def lonely() -> Crystals:
    """Two crystals without edges, and one with some."""
    sites = [cubic(a, [number], [[0, 0, 0]]) for a, number in ((9, 11), (9.5, 8), (3.35, 29))]
    return to_crystals(["sodium", "oxygen", "copper"], sites)


def test_isolated_atoms_are_kept_or_rejected_as_set():
    for isolated, rows in (("reject", 1), ("keep", 3)):
        assert batch_for(lonely(), isolated=isolated)["graph"].size == rows


@pytest.mark.parametrize("training", [True, False])
def test_a_batch_without_edges_leaves_the_statistics_of_edges_alone(training):
    network = network_of(**SMALL).train(training)
    before = {name: value.clone() for name, value in network.named_buffers()}
    outputs = network(batch_for(lonely().take([0, 1]), isolated="keep", **SMALL))
    assert torch.isfinite(outputs).all()
    outputs.sum().backward()
    for name, value in network.named_buffers():
        assert torch.isfinite(value).all()
        if name.startswith("convolutions."):
            torch.testing.assert_close(value, before[name], rtol=0, atol=0)


def test_no_size_is_fetched_from_a_device():
    runs_without_waiting(network_of(), batch_for(few()))


def test_bf16_is_near_float32_in_evaluation():
    """In training batch normalisation amplifies rounding; phases of plane waves are not rounded."""
    network, batch = network_of(), batch_for(triclinic(8))
    with torch.no_grad():
        plain = network(batch)
        with torch.autocast("cpu", torch.bfloat16):
            waves, mixed = network.waves(batch["graph"]), network(batch).float()
    assert not torch.equal(plain, mixed), "nothing was done in bf16"
    assert (plain - mixed).norm() < 0.05 * plain.norm()
    torch.testing.assert_close(waves, network.waves(batch["graph"]), rtol=0, atol=0)


def test_presets_differ_as_published():
    first, oqmd = PRESETS["geocgnn"], PRESETS["oqmd"]
    assert (first.channels, first.blocks) == (192, 5)
    assert (oqmd.channels, oqmd.blocks) == (128, 6)
    assert Hypers().widths() == (192, 96, 48)
    assert Hypers(preset="oqmd", blocks=2).sizes().blocks == 2
    graph = GeoCGNN(Hypers(radius=6.0)).input_settings()["graph"]
    assert (graph["radius"], graph["max_neighbours"]) == (6.0, 12)


@pytest.mark.parametrize(
    ("hypers", "text"),
    [
        ({"preset": "mp"}, "preset"),
        ({"mesh": 17}, "at most 16"),
        ({"channels": 3, "halvings": 2}, "3 channels cannot be halved 2 times"),
    ],
)
def test_what_cannot_be_is_refused(hypers, text):
    with pytest.raises(ConfigError) as caught:
        Hypers(**hypers)
    assert text in caught.value.what
