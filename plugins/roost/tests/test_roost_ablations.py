"""The design choices of the thesis' section 4.6, each against what it says of it."""

from __future__ import annotations

import pytest
import torch
from matdata_roost import Roost
from matdata_roost.hypers import Hypers
from matdata_roost.means import MeanMessages, MeanPooling
from support.aviary_weights import fill
from support.batches import batch_of, schema_of
from torch.nn import functional

from matdata.plugin import ConfigError
from matdata.plugin import nn as blocks

FORMULAS = ["Fe2O3", "YBa2Cu3O7", "NaCl", "Cu"]
PLAIN = {"message_residual": False, "output_residual": False}
#: Parameters of one target with a standard deviation; the thesis prints "2.4 million" alone.
ABLATED = [
    ({"node_weights": False, "pool_weights": False}, 2_302_338),
    ({"node_weights": False}, 2_302_350),
    ({"pool_weights": False}, 2_302_137),
    ({"pooling": "mean"}, 1_588_921),
    ({"message_residual": False}, 2_302_149),
    ({"output_residual": False}, 1_671_365),
    (PLAIN, 1_671_365),
    ({"output_network": False}, 907_525),
]


def network_of(**hypers):
    return fill(Roost(Hypers(**hypers)).model(schema_of("composition-set")))


def predict(network, formulas=FORMULAS):
    with torch.no_grad():
        return network(batch_of(formulas, "composition-set"))


@pytest.mark.parametrize(("hypers", "parameters"), ABLATED)
def test_each_choice_changes_the_outputs_and_keeps_their_symmetries(hypers, parameters):
    network = network_of(**hypers)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    whole = predict(network)
    assert (whole - predict(network_of())).abs().max() > 1e-4
    torch.testing.assert_close(predict(network, FORMULAS[::-1]).flip(0), whole)
    torch.testing.assert_close(predict(network, ["O3Fe2", "O7Cu3Ba2Y"]), whole[:2])


def test_fractions_are_known_by_the_two_ways_alone():
    same, other = ["Fe2O3", "Fe2O3"], ["FeO", "Fe3O4"]
    blind = network_of(node_weights=False, pool_weights=False)
    torch.testing.assert_close(predict(blind, same), predict(blind, other))
    for ways in ({"node_weights": False}, {"pool_weights": False}):
        network = network_of(**ways)
        difference = (predict(network, same) - predict(network, other)).abs()
        assert difference.amax(1).min() > 1e-5


def test_no_fractions_in_the_softmax_are_fractions_to_the_power_of_zero():
    whole, without = network_of(), network_of(pool_weights=False)
    with torch.no_grad():
        for layer in [*whole.layers, whole.pool]:
            layer.power.zero_()
    names = without.state_dict()
    without.load_state_dict({k: v for k, v in whole.state_dict().items() if k in names})
    assert {name.rpartition(".")[2] for name in set(whole.state_dict()) - set(names)} == {"power"}
    torch.testing.assert_close(predict(without), predict(whole))


def test_messages_without_shortcuts_lack_the_elements_themselves():
    plain, usual = (blocks.SetMessages(8, 2, 4, 4, residual=one) for one in (False, True))
    usual.load_state_dict(plain.state_dict())
    elements = batch_of(FORMULAS, "composition-set")["composition-set"]
    nodes, sets = torch.randn(len(elements.fractions), 8), elements.segments["element"]
    inputs = nodes, elements.fractions, sets
    torch.testing.assert_close(plain(*inputs) + nodes, usual(*inputs))


def test_means_are_attention_whose_gates_are_zero():
    """Eq. 4.4 with equal shares is eq. 4.5."""
    attention = blocks.SetMessages(8, 1, 4, 6, powers=False)
    pooling = blocks.WeightedAttentionPooling(8, 1, 4, 6, powers=False)
    means, mean = MeanMessages(8, 6), MeanPooling(8, 6)
    with torch.no_grad():
        for layer in (attention, pooling):
            layer.gate.zero_()
        own, other = attention.pair.weight.chunk(2)
        means.pair.weight.copy_(torch.cat([own[4:], other[4:]]))
        means.pair.bias.copy_(attention.pair.bias[4:])
        mean.first.weight.copy_(pooling.first.weight[4:])
        mean.first.bias.copy_(pooling.first.bias[4:])
        for one, attended in ((means, attention), (mean, pooling)):
            one.out.weight.copy_(attended.out)
            one.out.bias.copy_(attended.bias.sum(0))
    elements = batch_of(FORMULAS, "composition-set")["composition-set"]
    nodes, sets = torch.randn(len(elements.fractions), 8), elements.segments["element"]
    equal = torch.ones(len(nodes))
    torch.testing.assert_close(means(nodes, equal, sets), attention(nodes, equal, sets))
    torch.testing.assert_close(mean(nodes, equal, sets), pooling(nodes, equal, sets))


def test_a_plain_output_network_is_relu_layers():
    network = network_of(output_residual=False, trunk=(6, 5), output=(4, 3))
    rows = torch.randn(7, 64)
    first, second, last = network.trunk.layers
    shared = functional.relu(last(functional.relu(second(functional.relu(first(rows))))))
    inner, outer = network.heads.heads[0].layers
    torch.testing.assert_close(network.predict(rows), outer(functional.relu(inner(shared))))


def test_without_an_output_network_there_is_one_linear_layer():
    network = network_of(output_network=False)
    (head,) = network.heads.heads
    rows = torch.randn(7, 64)
    expected = rows @ head.weight.T + head.bias
    torch.testing.assert_close(network.predict(rows), expected)


@pytest.mark.parametrize(
    "hypers",
    [
        {"pooling": "mean", "pool_weights": False},
        {"output_network": False, "output_residual": False},
        {"pooling": "max"},
    ],
)
def test_choices_that_exclude_each_other_are_refused(hypers):
    with pytest.raises(ConfigError):
        Hypers(**hypers)
