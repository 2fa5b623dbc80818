"""`Segments`: sizes from the host, the same numbers as by hand, mapped over stacked values."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from matdata.nn import Segments

SEGMENTS = Segments(torch.tensor([0, 3, 4, 6]))
VALUES = torch.arange(12.0).reshape(6, 2)


def test_sizes_and_indices():
    with_empty = Segments.of_lengths([2, 0, 1])
    assert with_empty.host_offsets.tolist() == with_empty.offsets.tolist() == [0, 2, 2, 3]
    assert (with_empty.count, with_empty.total, with_empty.longest) == (3, 3, 2)
    assert with_empty.lengths.tolist() == with_empty.host_lengths.tolist() == [2, 0, 1]
    assert with_empty.owner.tolist() == [0, 0, 2]
    assert with_empty.place.tolist() == [0, 1, 0]
    assert with_empty.pair_offsets.tolist() == [0, 4, 4, 5]
    none = Segments.of_lengths([])
    assert (none.count, none.total, none.longest) == (0, 0, 0)
    assert none.padded(torch.empty(0, 4)).shape == (0, 0, 4)


def test_pairs_are_all_pairs_of_one_segment():
    first, second = (part.tolist() for part in SEGMENTS.pairs)
    owner = SEGMENTS.owner.tolist()
    wanted = [(i, j) for i in range(6) for j in range(6) if owner[i] == owner[j]]
    assert list(zip(first, second, strict=True)) == wanted


def test_padding_and_back():
    grid = SEGMENTS.padded(VALUES)
    assert grid.shape == (3, 3, 2)
    assert grid[1].tolist() == [[6.0, 7.0], [0.0, 0.0], [0.0, 0.0]]
    torch.testing.assert_close(SEGMENTS.packed(grid), VALUES)
    assert SEGMENTS.mask.tolist() == [[True] * 3, [True, False, False], [True, True, False]]


def test_sums_means_and_maxima():
    assert SEGMENTS.sum(VALUES).tolist() == [[6.0, 9.0], [6.0, 7.0], [18.0, 20.0]]
    assert SEGMENTS.mean(VALUES).tolist() == [[2.0, 3.0], [6.0, 7.0], [9.0, 10.0]]
    assert SEGMENTS.max(VALUES).tolist() == [[4.0, 5.0], [6.0, 7.0], [10.0, 11.0]]
    leading_empty = Segments(torch.tensor([0, 0, 1]))
    for of in (leading_empty.sum, leading_empty.mean, leading_empty.max):
        assert of(VALUES[:1]).tolist() == [[0.0, 0.0], [0.0, 1.0]]


def test_softmax_of_any_scores_and_weights():
    scores = torch.tensor([[1000.0], [0.0], [1000.0], [-5000.0], [3.0], [3.0]])
    shares = SEGMENTS.softmax(scores)[:, 0]
    torch.testing.assert_close(shares, torch.tensor([0.5, 0.0, 0.5, 1.0, 0.5, 0.5]))
    weights = torch.tensor([1.0, 1.0, 3.0, 2.0, 1.0, 4.0])[:, None]
    shares = SEGMENTS.softmax(scores, weights.log())[:, 0]
    torch.testing.assert_close(shares, torch.tensor([0.25, 0.0, 0.75, 1.0, 0.2, 0.8]))


def test_shifts_stop_at_the_ends():
    assert SEGMENTS.shifted(VALUES, 1)[:, 0].tolist() == [2.0, 4.0, 0.0, 0.0, 10.0, 0.0]
    assert SEGMENTS.shifted(VALUES, -1)[:, 0].tolist() == [0.0, 0.0, 2.0, 0.0, 0.0, 8.0]
    assert SEGMENTS.shifted(VALUES, 0) is VALUES


OPERATIONS = {
    "sum": SEGMENTS.sum,
    "mean": SEGMENTS.mean,
    "max": SEGMENTS.max,
    "softmax": SEGMENTS.softmax,
    "padded": SEGMENTS.padded,
    "packed": lambda values: SEGMENTS.packed(SEGMENTS.padded(values) * 2),
    "shifted": lambda values: SEGMENTS.shifted(values, 1),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_mapped_over_members_as_one_by_one(name):
    operation = OPERATIONS[name]
    members = torch.randn(4, 6, 2, dtype=torch.float64)

    def loss(values):
        return operation(values).square().sum()

    together = torch.func.vmap(operation)(members)
    gradients = torch.func.vmap(torch.func.grad(loss))(members)
    for k, member in enumerate(members):
        torch.testing.assert_close(together[k], operation(member))
        own = member.clone().requires_grad_()
        loss(own).backward()
        torch.testing.assert_close(gradients[k], own.grad)


def test_offsets_on_a_device_need_those_of_the_host():
    offsets = torch.zeros(4, dtype=torch.int64, device="meta")
    with pytest.raises(ValueError, match="host_offsets"):
        Segments(offsets)
    assert Segments(offsets, np.array([0, 3, 4, 6])).longest == 3
