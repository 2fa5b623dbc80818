from __future__ import annotations

import itertools

import pytest
import torch
from support.models import (
    FORMULAS,
    assert_alone_as_in_company,
    assert_gradients,
    assert_learns,
    assert_starts_as_keras,
    build,
    parameters,
    predict,
    refill,
    stacked,
)

from matdata.plugin import ConfigError, batch_of, trainer

SMALL = {
    "rescnn": {"filters": (4, 6, 8, 8), "dense": (12, 10, 10, 6)},
    "elemnet": {"layers": (16, 16, 8, 4)},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SMALL))
def test_weights_start_as_those_of_keras(name):
    assert_starts_as_keras(build(name)[1])


@pytest.mark.slow
def test_parameters():
    convolutions = sum(3 * a * b + b for a, b in ((1, 64), (64, 128), (128, 256), (256, 256)))
    inputs = (256, 512, 1024 + 97 * 256, 1024 + 99 * 128)
    dense = sum(a * b + b for a, b in zip(inputs, (512, 1024, 1024, 256), strict=True))
    _, model = build("rescnn", outputs=1)
    assert parameters(model) == convolutions + dense + 257 == 30_961_537
    # ElemNet: 17 layers on 86 elements
    _, model = build("elemnet", outputs=1)
    sizes = (86, *(1024,) * 4, *(512,) * 3, *(256,) * 3, *(128,) * 3, 64, 64, 32, 1)
    expected = sum(a * b + b for a, b in itertools.pairwise(sizes))
    assert parameters(model) == expected == 4_631_361
    assert len(model.layers) + 1 == 17


@pytest.mark.parametrize("name", SMALL)
def test_contract(name):
    plugin, model = build(name, outputs=1, **SMALL[name])
    assert_alone_as_in_company(plugin, model, FORMULAS)
    assert_gradients(plugin, model, FORMULAS)
    batch = batch_of(plugin.inputs(), FORMULAS, plugin.input_settings())
    model.train()
    assert not torch.equal(model(batch), model(batch))


@pytest.mark.parametrize("name", SMALL)
def test_members_stack(name):
    built = [build(name, seed=seed, **SMALL[name]) for seed in range(2)]
    models = [model for _, model in built]
    found = stacked(built[0][0], models, FORMULAS)
    expected = torch.stack([predict(built[0][0], model, FORMULAS) for model in models])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_the_dielectric_network_is_that_of_the_authors_code():
    dielectric = {
        "filters": (64, 128, 256, 256, 256),
        "pool": "flatten",
        "dense": (256, 1024, 1024, 2048, 512),
        "joins": (2, 1),
        "dropout": 0.1,
        "last_dropout": False,
    }
    plugin, model = build("rescnn", outputs=3000, **dielectric)
    filters = (1, 64, 128, 256, 256, 256)
    convolutions = sum(3 * a * b + b for a, b in itertools.pairwise(filters))
    # 103 columns, two fewer after each convolution
    inputs = (93 * 256, 256, 1024, 1024 + 99 * 128, 2048 + 101 * 64)
    dense = sum(a * b + b for a, b in zip(inputs, dielectric["dense"], strict=True))
    assert parameters(model) == convolutions + dense + 513 * 3000
    assert predict(plugin, model, ["Fe2O3", "NaCl"]).shape == (2, 3000)


def test_joins_are_two_convolutions():
    for wrong in ((1,), (0, 2), (2, 5)):
        with pytest.raises(ConfigError, match="joins is"):
            trainer("rescnn", {"joins": wrong})


def test_only_skips_tell_one_element_from_another():
    # elements in the middle of the row, far from its ends
    plugin, model = build("rescnn", outputs=1, **SMALL["rescnn"], skip=False)
    found = predict(plugin, model, ["Fe", "Zr"])
    torch.testing.assert_close(found[0], found[1])
    plugin, model = build("rescnn", outputs=1, **SMALL["rescnn"])
    found = predict(plugin, model, ["Fe", "Zr"])
    assert abs(float(found[0] - found[1])) > 1e-4


def test_dropout_stands_where_the_width_changes():
    _, model = build("elemnet", outputs=1)
    assert model.dropout == {3: 0.2, 6: 0.1, 9: 0.3, 12: 0.2}


@pytest.mark.parametrize("name", SMALL)
def test_golden_forward_pass(name):
    # made by this network with the weights of support.models.refill, float32, CPU
    plugin, model = build(name, outputs=2, **SMALL[name])
    refill(model)
    found = predict(plugin, model, ["SrTiO3", "NaCl", "Fe"])
    torch.testing.assert_close(found, torch.tensor(GOLDEN[name]), rtol=1e-3, atol=1e-5)


GOLDEN = {
    "rescnn": [[0.289156, 0.364085], [0.286697, 0.360802], [0.297872, 0.379098]],
    "elemnet": [[0.135447, 0.11275], [0.135586, 0.110472], [0.138772, 0.100323]],
}


def test_hypers_are_checked():
    with pytest.raises(ConfigError, match="at least three"):
        trainer("rescnn", {"filters": "64"})


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_it_learns(name):
    assert_learns(*build(name, outputs=1, **SMALL[name]), FORMULAS, steps=150)
