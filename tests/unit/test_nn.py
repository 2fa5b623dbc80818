from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from matdata.nn import (
    ElementEmbedding,
    Gaussians,
    PairLinear,
    ResidualNetwork,
    SetMessages,
    Sets,
    WeightedAttentionPooling,
    pairs,
    segment_max,
    segment_mean,
    segment_softmax,
    segment_sum,
)
from matdata.tables import element_vectors


def sets_of(*lengths: int) -> Sets:
    sizes = torch.tensor(lengths)
    return Sets(F.pad(torch.cumsum(sizes, 0), (1, 0)), torch.repeat_interleave(sizes))


def drawn(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype)


INDEX = torch.tensor([2, 0, 2, 0, 0])
VALUES = torch.tensor([[1.0, -5.0], [2.0, 4.0], [3.0, -6.0], [4.0, 8.0], [9.0, 0.0]])


def test_segments_by_hand():
    assert segment_sum(VALUES, INDEX, 4).tolist() == [[15, 12], [0, 0], [4, -11], [0, 0]]
    assert segment_mean(VALUES, INDEX, 4).tolist() == [[5, 4], [0, 0], [2, -5.5], [0, 0]]
    # The maximum of a segment of negative numbers is negative.
    assert segment_max(VALUES, INDEX, 4).tolist() == [[9, 8], [0, 0], [3, -5], [0, 0]]


def test_softmax_is_weighted_and_bears_large_scores():
    index, weights = torch.tensor([0, 0, 1]), torch.tensor([0.25, 0.75, 1.0])
    shares = segment_softmax(torch.zeros(3), index, 2, weights.log())
    torch.testing.assert_close(shares, weights)
    # The order of the two is what breaks a softmax that takes off the last score.
    for scores in ([100.0, 0.0, 5.0], [0.0, 100.0, 5.0], [1e30, -1e30, 1e30]):
        shares = segment_softmax(torch.tensor(scores), index, 2)
        assert torch.isfinite(shares).all()
        torch.testing.assert_close(shares[:2].sum(), torch.tensor(1.0))
        assert shares[int(np.argmax(scores[:2]))] == 1.0


@pytest.mark.parametrize("function", [segment_sum, segment_mean, segment_max, segment_softmax])
def test_segments_have_right_gradients_and_map_over_stacks(function):
    values = VALUES.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda v: function(v, INDEX, 4), values)
    stacked = torch.stack([VALUES, 2 * VALUES])
    mapped = torch.func.vmap(lambda v: function(v, INDEX, 4))(stacked)
    torch.testing.assert_close(mapped[1], function(stacked[1], INDEX, 4))


def attention_inputs(sets: Sets, heads: int = 2, gates: int = 8, hidden: int = 12):
    count, width = len(sets.owner), heads * (gates + hidden)
    shapes = ((count, width), (count, width), (heads, gates), (count, heads))
    return [drawn(*shape, seed=k).requires_grad_() for k, shape in enumerate(shapes)]


def by_definition(own, other, gate, prior, sets):
    """Eq. 4.2 and 4.3 of the thesis, one pair after another."""
    heads, gates = gate.shape
    out = []
    for row in range(len(own)):
        begin, end = sets.offsets[sets.owner[row]], sets.offsets[sets.owner[row] + 1]
        x = F.leaky_relu(own[row] + other[begin:end])
        scores = torch.stack(
            [x[:, m * gates : (m + 1) * gates] @ gate[m] for m in range(heads)], dim=1
        )
        shares = torch.softmax(scores + prior[begin:end], 0)
        messages = x[:, heads * gates :].reshape(len(x), heads, -1)
        out.append((shares[:, :, None] * messages).sum(0).flatten())
    return torch.stack(out)


@pytest.mark.parametrize("way", [pairs.compiled, pairs.padded, pairs.ragged])
@pytest.mark.parametrize("lengths", [(3, 1, 5, 2), (1,), (12, 2)])
def test_ways_of_attention_equal_the_definition(way, lengths):
    sets = sets_of(*lengths)
    inputs = attention_inputs(sets)
    out, expected = way(*inputs, sets), by_definition(*inputs, sets)
    torch.testing.assert_close(out, expected, rtol=1e-12, atol=1e-12)
    towards = drawn(*out.shape, seed=9)
    ours = torch.autograd.grad((out * towards).sum(), inputs)
    theirs = torch.autograd.grad((expected * towards).sum(), inputs)
    torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("way", [pairs.compiled, pairs.padded, pairs.ragged])
def test_attention_bears_large_gates_and_shows_nan(way):
    sets = sets_of(2, 2)
    own, other, gate, prior = attention_inputs(sets)
    prior = torch.tensor([[100.0, 0.0], [0.0, 100.0], [1e30, 0.0], [-1e30, 0.0]]).double()
    assert torch.isfinite(way(own, other, gate, prior, sets)).all()
    own = own.detach().clone()
    own[0] = float("nan")
    out = way(own, other, gate, prior, sets)
    assert out[0].isnan().all()
    assert torch.isfinite(out[2:]).all()


def test_threads_change_nothing(monkeypatch):
    monkeypatch.setattr(pairs, "WORTH_A_THREAD", 1)
    sets = sets_of(*range(1, 12))
    inputs = attention_inputs(sets)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        out = pairs.compiled(*inputs, sets)
        ours = torch.autograd.grad(out.sum(), inputs)
    finally:
        torch.set_num_threads(before)
    expected = pairs.ragged(*inputs, sets)
    torch.testing.assert_close(out, expected)
    torch.testing.assert_close(ours, torch.autograd.grad(expected.sum(), inputs))


@pytest.mark.parametrize("way", ["compiled", "padded", "ragged"])
def test_layers_map_over_stacked_weights(way, monkeypatch):
    monkeypatch.setattr("matdata.nn.attention.attend", getattr(pairs, way))
    sets, weights = sets_of(3, 1, 4), torch.rand(8) + 0.1
    nodes = drawn(8, 6, dtype=torch.float32)
    members = [SetMessages(6, 2, 5, 7) for _ in range(3)]
    stacked, _ = torch.func.stack_module_state(members)

    def loss(parameters):
        return torch.func.functional_call(members[0], parameters, (nodes, weights, sets)).square()

    mapped = torch.func.vmap(loss)(stacked)
    gradients = torch.func.vmap(torch.func.grad(lambda p: loss(p).sum()))(stacked)
    mapped.sum().backward()
    for number, member in enumerate(members):
        own = member(nodes, weights, sets).square()
        torch.testing.assert_close(mapped[number], own)
        own.sum().backward()
        for name, parameter in member.named_parameters():
            for gradient in (gradients[name][number], stacked[name].grad[number]):
                torch.testing.assert_close(gradient, parameter.grad, rtol=1e-4, atol=1e-5)


def test_pooling_takes_weights_and_ignores_order():
    pool = WeightedAttentionPooling(6, 2, 5, 7)
    nodes, weights = drawn(5, 6, dtype=torch.float32), torch.rand(5) + 0.1
    index = torch.tensor([0, 0, 0, 1, 1])
    pooled = pool(nodes, weights, index, 2)
    order = torch.tensor([3, 2, 0, 4, 1])
    torch.testing.assert_close(pool(nodes[order], weights[order], index[order], 2), pooled)
    assert not torch.allclose(pool(nodes, weights.flip(0), index, 2), pooled)


def test_pair_linear_is_a_linear_layer_on_the_concatenation():
    layer, nodes = PairLinear(4, 3), torch.randn(5, 4)
    first, second = torch.tensor([0, 0, 3]), torch.tensor([1, 0, 4])
    matrix = torch.cat([layer.weight[:3], layer.weight[3:]], 1)
    expected = F.linear(torch.cat([nodes[first], nodes[second]], 1), matrix, layer.bias)
    torch.testing.assert_close(layer(nodes, first, second), expected)


def test_residual_network_by_hand():
    network = ResidualNetwork(2, 1, (2, 3))
    same, wider = network.layers
    rows = torch.tensor([[1.0, -2.0]])
    middle = F.relu(rows @ same.weight.T + same.bias) + rows
    wide = F.relu(middle @ wider.weight[:3].T + wider.bias) + middle @ wider.weight[3:].T
    torch.testing.assert_close(network(rows), network.last(wide))


def test_elements_are_embedded_and_missing_ones_spoil_no_gradient():
    embedding = ElementEmbedding("matscholar", 5)
    numbers = torch.tensor([8, 22, 8])
    vectors = torch.from_numpy(element_vectors.vectors("matscholar")[numbers.numpy()])
    out = embedding(numbers)
    torch.testing.assert_close(out, embedding.linear(vectors))
    out.sum().backward()
    assert torch.isfinite(embedding.linear.weight.grad).all()
    assert "table" not in embedding.state_dict()


def test_gaussians_equal_the_basis_of_the_feature():
    from matdata.features.graph_views import expand

    distance = np.linspace(0.5, 7, 9, dtype=np.float32)
    ours = Gaussians(0.0, 8.0, 41)(torch.from_numpy(distance))
    np.testing.assert_allclose(ours.numpy(), expand(distance, "cgcnn"), atol=1e-6)
