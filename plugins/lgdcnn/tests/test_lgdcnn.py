from __future__ import annotations

import pytest
import torch
from matdata_lgdcnn.convolution import Block, Convolution, halved
from matdata_lgdcnn.model import pooled_columns
from matdata_lgdcnn.presets import PRESETS
from matdata_lgdcnn.recurrent import Recurrent, Steps
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

SMALL = {"width": 16, "hidden": 8, "filters": 16, "blocks": 1}
ROWS = Segments(torch.tensor([0, 3, 4, 6, 10]))


def test_parameters():
    # the published code has 8,635,911: one bias more, which cancels in its softmax
    assert parameters(build("lgdcnn")[1]) == 8_635_910
    # its LDCNN and LSTM
    assert parameters(build("lgdcnn", preset="LDCNN")[1]) == 7_190_022
    assert parameters(build("lgdcnn", preset="LSTM")[1]) == 1_681_414
    # its DCNN-K1 has 256 filters
    k1 = 512 * 256 + 256 + 6 * (256 * 256 + 256) + 256 * 3 + 3 + 200 * 512 + 512 + 3
    assert parameters(build("lgdcnn", preset="DCNN-K1", filters=256)[1]) == k1


@pytest.mark.parametrize("preset", PRESETS)
def test_presets(preset):
    plugin, model = build("lgdcnn", preset=preset, **SMALL)
    assert_alone_as_in_company(plugin, model, FORMULAS)
    short, long = (predict(plugin, model, FORMULAS, edm={"length": n}) for n in (0, 12))
    torch.testing.assert_close(short, long, rtol=0, atol=0)
    assert_gradients(plugin, model, FORMULAS)


@pytest.mark.slow
def test_presets_differ_where_the_paper_says():
    found = {name: predict(*build("lgdcnn", preset=name), FORMULAS[:1]) for name in PRESETS}
    same = {("LDCNN", "model6"), ("V2", "model5")}
    names = list(PRESETS)
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            assert torch.equal(found[one], found[other]) == ((one, other) in same), (one, other)


@pytest.mark.parametrize("part", ["gru", "rnn"])
@pytest.mark.parametrize("locally", ["dpcnn", "cnn"])
def test_other_parts(part, locally):
    plugin, model = build("lgdcnn", globally=part, locally=locally, **SMALL)
    assert_alone_as_in_company(plugin, model, FORMULAS)
    assert_gradients(plugin, model, FORMULAS)


@pytest.mark.parametrize(
    ("kind", "theirs"),
    [("lstm", torch.nn.LSTM), ("gru", torch.nn.GRU), ("rnn", torch.nn.RNN)],
)
def test_recurrent_layers_are_those_of_torch(kind, theirs):
    torch.manual_seed(1)
    ours, other = Recurrent(kind, 5, 4), theirs(5, 4, batch_first=True, bidirectional=True)
    with torch.no_grad():
        for way, tail in enumerate(("", "_reverse")):
            getattr(other, f"weight_ih_l0{tail}").copy_(ours.weight_in[way])
            getattr(other, f"weight_hh_l0{tail}").copy_(ours.weight_hidden[way])
            getattr(other, f"bias_ih_l0{tail}").copy_(ours.bias_in[way, 0])
            getattr(other, f"bias_hh_l0{tail}").copy_(ours.bias_hidden[way, 0])
    values = torch.randn(10, 5)
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        ROWS.padded(values), ROWS.lengths, batch_first=True, enforce_sorted=False
    )
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(other(packed)[0], batch_first=True)
    torch.testing.assert_close(ours(values, Steps(ROWS)), ROWS.packed(expected))


def test_convolutions_are_those_of_torch():
    torch.manual_seed(1)
    ours, other = Convolution(5, 4, 3), torch.nn.Conv1d(5, 4, 3, padding=1)
    with torch.no_grad():
        other.weight.copy_(ours.linear.weight.reshape(4, 3, 5).permute(0, 2, 1))
        other.bias.copy_(ours.linear.bias)
    values = torch.randn(10, 5)
    found = ours(values, ROWS)
    for row in range(ROWS.count):
        part = slice(int(ROWS.offsets[row]), int(ROWS.offsets[row + 1]))
        expected = other(values[part].T[None])[0].T
        torch.testing.assert_close(found[part], expected)


def test_a_block_without_shortcut_lacks_just_that():
    torch.manual_seed(1)
    block, values = Block(6, 3, True), torch.randn(10, 6)
    with_shortcut = block(values, ROWS)
    block.residual = False
    torch.testing.assert_close(with_shortcut - block(values, ROWS), values)


def test_halving():
    values = torch.tensor([1.0, 5.0, 2.0, 9.0, 3.0, 4.0, 0.0, 1.0, 8.0, 7.0])[:, None]
    found, fewer = halved(values, ROWS)
    assert fewer.offsets.tolist() == [0, 2, 3, 4, 6]
    assert found[:, 0].tolist() == [5.0, 2.0, 9.0, 4.0, 8.0, 8.0]


def test_pooling_over_columns_is_that_of_torch():
    values = torch.randn(4, 7)
    expected = torch.nn.functional.max_pool1d(values, 3, 1, 1)
    torch.testing.assert_close(pooled_columns(values), expected)


def test_elements_are_in_the_order_of_atomic_numbers():
    plugin, model = build("lgdcnn", **SMALL)
    torch.testing.assert_close(
        predict(plugin, model, ["SrTiO3", "NaCl"]), predict(plugin, model, ["O3TiSr", "ClNa"])
    )


def test_large_scores_give_no_nan():
    for preset in ("L-G-DCNN", "V2"):
        plugin, model = build("lgdcnn", preset=preset, **SMALL)
        with torch.no_grad():
            for value in model.recurrent.attention.parameters():
                value.mul_(1e4)
        assert torch.isfinite(predict(plugin, model, FORMULAS)).all()


def test_contributions_average_to_the_prediction():
    plugin, model = build("lgdcnn", **SMALL)
    batch = batch_of(plugin.inputs(), FORMULAS)
    rows = batch["edm"].segments["element"]
    mean = rows.mean(model.contributions(batch).values)
    torch.testing.assert_close(mean, model(batch)[:, :1])
    values, offsets = model.feature_maps(batch)
    assert values.shape == (int(offsets[-1]), 16)


def test_members_stack():
    for preset in ("V1", "V2"):
        built = [build("lgdcnn", seed=seed, preset=preset, **SMALL) for seed in range(2)]
        models = [model for _, model in built]
        found = stacked(built[0][0], models, FORMULAS)
        expected = torch.stack([predict(built[0][0], model, FORMULAS) for model in models])
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("preset", ["L-G-DCNN", "V1"])
def test_golden_forward_pass(preset):
    # made by this network with the weights of support.models.refill, float32, CPU
    plugin, model = build("lgdcnn", preset=preset, **SMALL)
    refill(model)
    found = predict(plugin, model, ["SrTiO3", "NaCl", "Fe"])
    torch.testing.assert_close(found, torch.tensor(GOLDEN[preset]), rtol=1e-3, atol=1e-5)


GOLDEN = {
    "L-G-DCNN": [[0.658813, 0.738403], [0.761272, 0.760492], [0.821821, 0.592587]],
    "V1": [[0.670183, 0.709607], [0.648102, 0.644315], [0.560356, 0.572794]],
}


def test_hypers_are_checked():
    with pytest.raises(ConfigError, match="odd and even"):
        trainer("lgdcnn", {"kernel": 4})
    with pytest.raises(ConfigError, match="of one shape"):
        trainer("lgdcnn", {"preset": "V1", "filters": 64})
    with pytest.raises(ConfigError, match="did you mean"):
        trainer("lgdcnn", {"preset": "model"})


@pytest.mark.parametrize("preset", ["L-G-DCNN", "V1", "V2", "LSTM", "DCNN-K1"])
@pytest.mark.slow
def test_it_learns(preset):
    assert_learns(*build("lgdcnn", preset=preset, **SMALL), FORMULAS)
