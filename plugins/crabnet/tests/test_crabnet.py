from __future__ import annotations

import pytest
import torch
from support.models import (
    FORMULAS,
    assert_alone_as_in_company,
    assert_gradients,
    assert_learns,
    build,
    parameters,
    predict,
    refill,
    stacked,
)

from matdata.plugin import ConfigError, batch_of, trainer
from matdata.plugin.nn import Segments

SMALL = {"width": 16, "layers": 2, "heads": 2, "feedforward": 24, "hidden": (12, 8)}


def test_as_many_parameters_as_the_published_package():
    # what it prints for 3 outputs, width 512, 3 blocks and 4 heads
    assert parameters(build("crabnet")[1]) == 11_987_206


def test_a_prediction_does_not_depend_on_the_batch():
    assert_alone_as_in_company(*build("crabnet", **SMALL), FORMULAS)


def test_padding_changes_nothing():
    plugin, model = build("crabnet", **SMALL)
    short, long = (predict(plugin, model, FORMULAS, edm={"length": n}) for n in (0, 12))
    torch.testing.assert_close(short, long, rtol=0, atol=0)


def test_the_order_of_elements_does_not_matter():
    _, model = build("crabnet", **SMALL)
    batch = batch_of(["edm"], ["SrTiO3", "NaCl"])
    before = model(batch)
    swapped = batch["edm"]
    order = torch.tensor([2, 0, 1, 4, 3])
    swapped.fields = {name: value[order] for name, value in swapped.fields.items()}
    swapped.__dict__.pop("numbers")
    torch.testing.assert_close(model(batch), before, rtol=1e-4, atol=1e-5)


def test_contributions_average_to_the_prediction():
    for scaling in ("element", "pooled"):
        plugin, model = build("crabnet", **SMALL, scaling=scaling)
        batch = batch_of(plugin.inputs(), FORMULAS)
        parts = model.contributions(batch)
        rows = batch["edm"].segments["element"]
        torch.testing.assert_close(rows.mean(parts.values), model(batch)[:, :1])
        torch.testing.assert_close(rows.mean(parts.log_stds), model(batch)[:, 1:])


def test_scaling_by_element_and_pooled_differ():
    outputs = [
        predict(*build("crabnet", **SMALL, scaling=scaling), ["SrTiO3"])
        for scaling in ("element", "pooled")
    ]
    assert abs(float((outputs[0] - outputs[1])[0, 0])) > 1e-7


def test_large_scores_give_no_nan():
    plugin, model = build("crabnet", **SMALL)
    with torch.no_grad():
        for block in model.blocks:
            block.qkv.weight.mul_(1e4)
    assert torch.isfinite(predict(plugin, model, FORMULAS)).all()


def test_without_uncertainty_and_with_vectors():
    plugin, model = build("crabnet", outputs=1, **SMALL)
    assert predict(plugin, model, FORMULAS).shape == (7, 1)
    plugin, model = build("crabnet", outputs=10, size=5, **SMALL)
    assert predict(plugin, model, FORMULAS).shape == (7, 10)


def test_noise_on_fractions_only_while_training():
    plugin, model = build("crabnet", **SMALL, dropout=0.0)
    batch = batch_of(plugin.inputs(), FORMULAS)
    torch.testing.assert_close(model(batch), model(batch), rtol=0, atol=0)
    model.train()
    assert not torch.equal(model(batch), model(batch))


def test_every_weight_is_trained():
    assert_gradients(*build("crabnet", **SMALL), FORMULAS)


def test_members_stack():
    built = [build("crabnet", seed=seed, **SMALL) for seed in range(2)]
    models = [model for _, model in built]
    found = stacked(built[0][0], models, FORMULAS)
    expected = torch.stack([predict(built[0][0], model, FORMULAS) for model in models])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_golden_forward_pass():
    # made by this network with the weights of support.models.refill, float32, CPU
    plugin, model = build("crabnet", **SMALL)
    refill(model)
    found = predict(plugin, model, ["SrTiO3", "NaCl", "Fe"])
    expected = torch.tensor(GOLDEN)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)


GOLDEN = [[-0.182891, 0.552757], [-0.16879, 0.503345], [-0.183595, 0.673924]]


def test_a_block_is_an_encoder_layer_of_torch():
    from matdata_crabnet.model import AttentionBlock

    torch.manual_seed(0)
    ours = AttentionBlock(8, 2, 12, 0.0).eval()
    theirs = torch.nn.TransformerEncoderLayer(8, 2, 12, 0.0, batch_first=True).eval()
    with torch.no_grad():
        theirs.self_attn.in_proj_weight.copy_(ours.qkv.weight)
        theirs.self_attn.in_proj_bias.copy_(ours.qkv.bias.normal_())
    for mine, other in (
        (ours.out, theirs.self_attn.out_proj),
        (ours.up, theirs.linear1),
        (ours.down, theirs.linear2),
        (ours.norms[0], theirs.norm1),
        (ours.norms[1], theirs.norm2),
    ):
        other.load_state_dict(mine.state_dict())
    rows = Segments(torch.tensor([0, 3, 4, 6]))
    values = torch.randn(6, 8)
    expected = theirs(rows.padded(values), src_key_padding_mask=~rows.mask)
    torch.testing.assert_close(ours(values, rows), rows.packed(expected), rtol=1e-4, atol=1e-5)


def test_hypers_are_checked():
    with pytest.raises(ConfigError, match="multiple of heads"):
        trainer("crabnet", {"width": 510})
    with pytest.raises(ConfigError, match="did you mean"):
        trainer("crabnet", {"layer": 2})


@pytest.mark.slow
def test_it_learns():
    assert_learns(*build("crabnet", **SMALL), FORMULAS)
