"""Embeddings of batches: every network has one, and it does not depend on the batch."""

from __future__ import annotations

import pytest
import torch
from support.crystals import few
from support.small import NETWORKS, small
from torch import nn

from matdata.core.errors import PluginError
from matdata.training.batch_of import batch_of
from matdata.training.contract import Schema
from matdata.training.outputs import Head
from matdata.training.readout import embeddings_of
from matdata.training.target import Target


def embedded(name, network, crystals):
    plugin = small(name)
    batch = batch_of(plugin.inputs(), crystals, plugin.input_settings())
    with torch.no_grad():
        return plugin.embeddings(network, batch), network(batch)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_has_embeddings(name):
    plugin, crystals = small(name), few().take([0, 1, 2])
    batch = batch_of(plugin.inputs(), crystals, plugin.input_settings())
    inputs = {spec: values.featurizer for spec, values in batch.inputs.items()}
    torch.manual_seed(0)
    schema = Schema((Target("y"), Target("z")), (Head("y", (1, 1)), Head("z", (1,))), inputs)
    network = plugin.model(schema).eval()
    hooks = sum(len(module._forward_hooks) for module in network.modules())
    vectors, outputs = embedded(name, network, crystals)
    assert vectors.dtype == torch.float32
    assert vectors.shape[0] == len(crystals)
    assert vectors.shape[1] > 1
    assert not vectors.requires_grad
    assert hooks == sum(len(module._forward_hooks) for module in network.modules())
    # other company, another order
    order = list(range(len(crystals)))[::-1]
    turned, _ = embedded(name, network, crystals.take(order))
    scale = float(vectors.abs().max())
    torch.testing.assert_close(turned, vectors[order], rtol=0, atol=2e-5 * scale)
    for row in (0, len(crystals) - 1):
        alone, _ = embedded(name, network, crystals.take([row]))
        torch.testing.assert_close(alone[0], vectors[row], rtol=0, atol=2e-5 * scale)
    # the vectors are what outputs follow from: different outputs, different vectors
    differ = (outputs[:, None] - outputs[None]).abs().amax(-1) > 1e-3
    apart = (vectors[:, None] - vectors[None]).abs().amax(-1)
    assert differ.any()
    assert (apart[differ] > 0).all()


class Batch:
    """Stands for a batch of three materials."""

    def __len__(self) -> int:
        return 3


class Network(nn.Module):
    """Two layers and what a test makes of them."""

    def __init__(self, ending) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 5), nn.Sequential(nn.Linear(5, 2), nn.Identity())
        self.ending = ending

    def forward(self, batch):
        return self.ending(self, self.first(torch.ones(3, 4)))


def test_the_outermost_module_that_gives_the_outputs_is_read():
    network = Network(lambda net, rows: net.last(rows))
    vectors = embeddings_of(network, Batch())
    torch.testing.assert_close(vectors, network.first(torch.ones(3, 4)).detach())


@pytest.mark.parametrize(
    "ending",
    [
        lambda net, rows: net.last(rows) * 2.0,
        lambda net, rows: net.last(rows[None])[0],
        lambda net, rows: {"y": net.last(rows)},
        lambda net, rows: net.last(torch.cat([rows, rows])),
    ],
    ids=["computed on", "of three axes", "by target", "rows of something else"],
)
def test_a_network_without_one_is_refused(ending):
    with pytest.raises(PluginError, match="has no embedding") as refusal:
        embeddings_of(Network(ending), Batch())
    assert "embeddings(batch)" in refusal.value.next_step


def test_a_network_says_itself_what_it_is():
    class Own(Network):
        def embeddings(self, batch):
            return torch.zeros(rows, 7)

    network, rows = Own(lambda net, rows: net.last(rows) * 2.0), 3
    assert embeddings_of(network, Batch()).shape == (3, 7)
    rows = 4
    with pytest.raises(PluginError, match=r"not \(4, 7\)"):
        embeddings_of(network, Batch())


def test_a_layer_called_embeddings_is_not_asked():
    network = Network(lambda net, rows: net.last(rows))
    network.embeddings = nn.Embedding(2, 2)
    assert embeddings_of(network, Batch()).shape == (3, 5)
