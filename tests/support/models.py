"""Checks that the tests of several plugins share."""

from __future__ import annotations

import torch

from matdata.training import trainer
from matdata.training.batch_of import batch_of
from matdata.training.contract import Schema
from matdata.training.outputs import Head
from matdata.training.target import Target

FORMULAS = ["SrTiO3", "Fe", "NaCl", "Mg2V2O7", "BaLiCuC2O10", "Cu2Ag2O3", "Al0.02Ga0.98As"]


def schema(outputs: int = 2, size: int = 1) -> Schema:
    parts = (size,) * (outputs // size)
    return Schema((Target("y", size),), (Head("y", parts),), {})


def build(name, outputs=2, seed=0, size=1, **hypers):
    """A plugin with hypers and its network with seeded weights, in evaluation mode."""
    plugin = trainer(name, hypers)
    torch.manual_seed(seed)
    return plugin, plugin.model(schema(outputs, size)).eval()


def predict(plugin, model, materials, **settings):
    merged = {spec: dict(values) for spec, values in plugin.input_settings().items()}
    for spec, values in settings.items():
        merged.setdefault(spec.replace("_", "-"), {}).update(values)
    with torch.no_grad():
        return model(batch_of(plugin.inputs(), materials, merged))


def parameters(model) -> int:
    return sum(value.numel() for value in model.parameters() if value.requires_grad)


def refill(model) -> None:
    """Weights by a rule, so that stored outputs depend on no generator.

    Entry k of a weight is ``a (frac(43758.5453 sin(k + 1)) - 0.5)`` with a = 3 / sqrt(columns), or
    1 for vectors.
    """
    with torch.no_grad():
        for value in model.parameters():
            count = torch.arange(value.numel(), dtype=torch.float64)
            noise = torch.remainder(43758.5453 * torch.sin(count + 1.0), 1.0) - 0.5
            scale = 1.0 if value.dim() < 2 else 3.0 / value[0].numel() ** 0.5
            value.copy_((scale * noise).reshape(value.shape))


def assert_alone_as_in_company(plugin, model, materials) -> None:
    together = predict(plugin, model, materials)
    for row in range(len(materials)):
        alone = predict(plugin, model, materials[row : row + 1])
        torch.testing.assert_close(alone[0], together[row], rtol=1e-4, atol=1e-5)
    # a model that ignores its input would pass the above
    assert (together[:, 0].max() - together[:, 0].min()) > 1e-4


def assert_starts_as_keras(model) -> None:
    """Weights fill Glorot's uniform distribution, and biases are 0."""
    seen = 0
    for part in model.modules():
        if isinstance(part, torch.nn.Linear | torch.nn.Conv1d):
            fans = torch.nn.init._calculate_fan_in_and_fan_out(part.weight)
            largest = float(part.weight.detach().abs().max()) / (6 / sum(fans)) ** 0.5
            assert 0.8 < largest <= 1.0 + 1e-6
            assert part.bias is None or not part.bias.any()
            seen += 1
    assert seen


def assert_gradients(plugin, model, materials, **settings) -> None:
    """Every trained weight has a finite gradient, and not all are zero."""
    model.train()
    outputs = model(batch_of(plugin.inputs(), materials, plugin.input_settings()))
    outputs.square().sum().backward()
    for name, value in model.named_parameters():
        assert value.grad is not None, f"{name} takes no part in the prediction"
        assert torch.isfinite(value.grad).all(), name
    model.eval()


def assert_learns(plugin, model, materials, steps=80) -> None:
    """The squared error of made-up targets, one for each material, falls to a tenth."""
    batch = batch_of(plugin.inputs(), materials, plugin.input_settings())
    wanted = torch.linspace(-1.0, 1.0, len(batch))
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        (model(batch)[:, 0] - wanted).square().mean().backward()
        optimizer.step()
    with torch.no_grad():
        left = (model(batch)[:, 0] - wanted).square().mean()
    assert left < 0.1 * wanted.square().mean(), f"{float(left):.3f} is left"


def stacked(plugin, models, materials):
    """Outputs of several networks by `torch.func.vmap` over their stacked weights."""
    weights, _ = torch.func.stack_module_state(models)
    single = dict(models[0].named_buffers())
    batch = batch_of(plugin.inputs(), materials, plugin.input_settings())

    def one(values):
        return torch.func.functional_call(models[0], {**single, **values}, (batch,))

    return torch.vmap(one, randomness="different")(weights)
