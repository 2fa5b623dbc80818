"""Every network takes a step in bf16, near the one in float32."""

from __future__ import annotations

import pytest
import torch
from support.crystals import few
from support.models import FORMULAS

from matdata.features import featurizer
from matdata.training import trainer
from matdata.training.batch_of import batch_of
from matdata.training.contract import Schema
from matdata.training.outputs import Head
from matdata.training.target import Target

WHOLE = [formula for formula in FORMULAS if "." not in formula]
NETWORKS = [
    *((name, {}) for name in ("roost", "crabnet", "lgdcnn", "finder", "rescnn", "elemnet")),
    *(
        (name, {})
        for name in ("alignn", "cgcnn", "ocrystalnet", "ogcnn", "quotient", "schnet", "wren")
    ),
    ("finder", {"graph": "crystal"}),
]


@pytest.mark.parametrize(("name", "hypers"), NETWORKS)
@pytest.mark.slow
def test_a_step_in_bf16_is_near_that_in_float32(name, hypers):
    plugin = trainer(name, hypers)
    settings = plugin.input_settings()
    inputs = {spec: featurizer(spec, settings.get(spec, {})) for spec in plugin.inputs()}
    torch.manual_seed(0)
    model = plugin.model(Schema((Target("y", 1),), (Head("y", (1, 1)),), inputs)).train()
    with torch.no_grad():
        for value in model.parameters():  # clear outputs, of which bf16 keeps three digits
            value.mul_(1.5)
    structures = not {"composition-set", "edm", "formula-graph", "fractions"} & set(inputs)
    batch = batch_of(inputs, few() if structures else WHOLE)

    def step(mixed: bool):
        torch.manual_seed(1)  # of dropout and jitter
        model.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            out = model(batch)
        out.float().square().sum().backward()
        grads = {name: value.grad for name, value in model.named_parameters()}
        return out.detach().float(), {k: v.clone() for k, v in grads.items() if v is not None}

    (plain, wanted), (mixed, found) = step(False), step(True)
    assert not torch.equal(plain, mixed), "nothing was done in bf16"
    assert (plain - mixed).norm() < 0.1 * plain.norm()
    whole = torch.cat([wanted[name].flatten() for name in wanted])
    other = torch.cat([found[name].flatten() for name in wanted])
    assert torch.isfinite(other).all()
    assert torch.cosine_similarity(whole, other, dim=0) > 0.9
