from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from matdata.nn import (
    GAUSSIAN_BASES,
    ElementEmbedding,
    Gaussians,
    PairLinear,
    ResidualNetwork,
    segment_max,
    segment_mean,
    segment_softmax,
    segment_sum,
)
from matdata.tables import element_vectors

INDEX = torch.tensor([2, 0, 2, 0, 0])
VALUES = torch.tensor([[1.0, -5.0], [2.0, 4.0], [3.0, -6.0], [4.0, 8.0], [9.0, 0.0]])


def test_segments_by_hand():
    assert segment_sum(VALUES, INDEX, 4).tolist() == [[15, 12], [0, 0], [4, -11], [0, 0]]
    assert segment_mean(VALUES, INDEX, 4).tolist() == [[5, 4], [0, 0], [2, -5.5], [0, 0]]
    # The maximum of a segment of negative numbers is negative.
    assert segment_max(VALUES, INDEX, 4).tolist() == [[9, 8], [0, 0], [3, -5], [0, 0]]


@pytest.mark.slow
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
    distance = np.linspace(0.5, 7, 9, dtype=np.float32)
    for basis in GAUSSIAN_BASES.values():
        ours = Gaussians(basis)(torch.from_numpy(distance))
        assert ours.shape == (9, basis.count)
        np.testing.assert_allclose(ours.numpy(), basis.expand(distance), atol=1e-6)
