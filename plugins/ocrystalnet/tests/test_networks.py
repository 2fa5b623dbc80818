"""Parameter counts, golden predictions, and what a prediction may not depend on."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from matdata_ocrystalnet import NODES, OGCNN, OCrystalNet
from support.crystals import few
from torch.utils._python_dispatch import TorchDispatchMode

from matdata.plugin import Crystals
from matdata.testing import invariance

_spec = importlib.util.spec_from_file_location("reference", Path(__file__).parent / "reference.py")
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)

#: NaCl, SrTiO3 and CsCl; weights of conftest; made by reference.py, which loops over edges.
GOLDEN = {
    "ocrystalnet": [0.48373088, -0.39580599, 0.83144869],
    "ogcnn": [1.05607740, 1.13523140, 1.13180370],
}
SMALL = {"ocrystalnet": {"hidden": 8, "layers": 2}, "ogcnn": {"hidden": 6, "encoder": 9}}


def parameters(model: torch.nn.Module) -> int:
    return sum(weights.numel() for weights in model.parameters())


def test_the_paper_s_number_of_parameters(schema_of):
    trainer = OCrystalNet()
    model = trainer.model(schema_of(trainer))
    assert model.sites.linear.in_features == 1494
    assert parameters(model) == 2_365_441
    # The text's own ending (eq. 5 to 7 once more, no joint layer) has as many with four layers.
    text = OCrystalNet(OCrystalNet.Hypers(preset="text"))
    assert parameters(text.model(schema_of(text))) == 2_365_441
    assert (text.hypers.sizes().layers, text.hypers.sizes().final) == (4, "communicate")
    assert OCrystalNet.Hypers(preset="text", layers=2).sizes().layers == 2
    one = OCrystalNet(OCrystalNet.Hypers(basis="ocrystalnet"))
    assert parameters(one.model(schema_of(one))) == 2_365_441 - 50 * 512


def test_schedules_are_those_of_the_papers():
    """Adam from 1e-4 over 3e-4 to 1e-5, for as long as the papers train."""
    for preset in ("ocrystalnet", "text"):
        given = OCrystalNet(OCrystalNet.Hypers(preset=preset)).loop_defaults()
        rates = [given["lr"] * factor for factor in (given["warmup_from"], 1, given["gamma"])]
        assert rates == pytest.approx([1e-4, 3e-4, 1e-5])
        assert (given["epochs"], given["warmup"] * given["epochs"]) == (200, 2)
        assert (given["optimizer"], given["schedule"]) == ("adam", "exponential")
    assert OGCNN().loop_defaults() == OGCNN.defaults
    compared = OGCNN(OGCNN.Hypers(preset="ocrystalnet"))
    assert compared.loop_defaults() == {**OGCNN.defaults, "epochs": 200}


@pytest.mark.parametrize("name", ["ocrystalnet", "ogcnn"])
def test_golden_predictions(batch_of, network_of, name):
    trainer, model = network_of(name, **SMALL[name])
    batch = batch_of(few().take([0, 1, 2]), trainer)
    found = model(batch).detach().numpy()
    again = getattr(reference, name)(model, batch)
    np.testing.assert_allclose(found, again, rtol=2e-4)
    np.testing.assert_allclose(again[:, 0], GOLDEN[name], rtol=1e-6)


def predictions(crystals, trainer, model, batch_of):
    with torch.no_grad():
        return model(batch_of(crystals, trainer)).numpy()


@pytest.mark.parametrize("name", ["ocrystalnet", "ogcnn"])
def test_the_same_crystals_written_differently(batch_of, network_of, rattled, name):
    trainer, model = network_of(name, **SMALL[name])
    crystals, rng = Crystals.concat([few().take([0, 1, 2]), rattled(6)]), np.random.default_rng(0)
    expected = predictions(crystals, trainer, model, batch_of)
    assert np.ptp(expected) > 0.05 * np.abs(expected).max()
    written = {
        "permuted": invariance.permute(crystals, rng)[0],
        "moved": invariance.translate(crystals, [0.31, -1.72, 0.55]),
        "turned": invariance.rotate(crystals, invariance.rotation_matrix(rng)),
        "repeated": invariance.supercell(crystals, (2, 1, 1))[0],
    }
    for what, other in written.items():
        found = predictions(other, trainer, model, batch_of)
        np.testing.assert_allclose(found, expected, rtol=2e-4, err_msg=what)


@pytest.mark.parametrize("name", ["ocrystalnet", "ogcnn"])
def test_a_prediction_does_not_depend_on_the_batch(batch_of, network_of, rattled, name):
    trainer, model = network_of(name, **SMALL[name])
    crystals = rattled(7)
    together = predictions(crystals, trainer, model, batch_of)
    order = np.array([4, 2, 6, 0, 5, 1, 3])
    shuffled = predictions(crystals.take(order), trainer, model, batch_of)
    np.testing.assert_allclose(shuffled, together[order], rtol=1e-4)
    alone = [predictions(crystals.take([k]), trainer, model, batch_of)[0] for k in range(7)]
    np.testing.assert_allclose(np.array(alone), together, rtol=1e-4)


@pytest.mark.parametrize(
    "hypers",
    [
        *({"nodes": nodes} for nodes in NODES if nodes != "ofm+jarvis"),
        *({"reverse": reverse} for reverse in ("drop", "both")),
        *({"aggregate": aggregate} for aggregate in ("sum", "mean", "max")),
        *({"communicate": communicate} for communicate in ("product", "mlp", "gru")),
        {"message": "source"},
        {"final": "communicate"},
        {"final": "communicate", "communicate": "gru", "bias": True},
        {"basis": "ocrystalnet"},
        {"scale": "none", "nodes": "jarvis"},
        {"layers": 0},
        {"activation": "relu", "layers": 3},
    ],
    ids=str,
)
def test_every_variant_is_another_network_that_learns(batch_of, network_of, rattled, hypers):
    small = {"hidden": 8, "layers": 1, "neighbours": 3}
    trainer, model = network_of("ocrystalnet", **{**small, **hypers})
    batch = batch_of(rattled(5), trainer)
    found = model(batch)
    assert found.shape == (5, 1)
    assert torch.isfinite(found).all()
    base_trainer, base = network_of("ocrystalnet", **small)
    assert not torch.allclose(found, base(batch_of(rattled(5), base_trainer)), rtol=1e-3)
    found.square().sum().backward()
    for name, weights in model.named_parameters():
        assert torch.isfinite(weights.grad).all(), name
        assert weights.grad.abs().max() > 0, name


def test_stacked_members_equal_single_ones(batch_of, rattled, schema_of):
    """What the loop does with an ensemble: one network over stacked weights."""
    trainer = OCrystalNet(OCrystalNet.Hypers(hidden=8, communicate="gru"))
    models = [trainer.model(schema_of(trainer)).eval() for _ in range(3)]
    batch = batch_of(rattled(4), trainer)
    stacked, _ = torch.func.stack_module_state(models)

    def call(weights):
        return torch.func.functional_call(models[0], weights, (batch,))

    together = torch.func.vmap(call)(stacked)
    for member, model in zip(together, models, strict=True):
        torch.testing.assert_close(member, model(batch), rtol=1e-4, atol=1e-5)


class Count(TorchDispatchMode):
    """How many operations ran."""

    calls = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.calls += 1
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", ["ocrystalnet", "ogcnn"])
def test_no_loop_over_materials_sites_or_edges(batch_of, network_of, rattled, name):
    trainer, model = network_of(name, **SMALL[name])
    counts = []
    for copies in (1, 20):
        batch = batch_of(Crystals.concat([rattled(3)] * copies), trainer)
        with Count() as count:
            model(batch)
        counts.append(count.calls)
    assert counts[0] == counts[1]


def test_vector_targets(batch_of, rattled, schema_of):
    trainer = OGCNN(OGCNN.Hypers(hidden=6, encoder=0, nodes="ofm+cgcnn92", output_layers=2))
    model = trainer.model(schema_of(trainer, outputs=7))
    assert model(batch_of(rattled(4), trainer)).shape == (4, 7)
