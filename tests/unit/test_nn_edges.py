from __future__ import annotations

import pytest
import torch
from torch import nn

from matdata.nn import CountedBatchNorm, Edges, segment_mean, segment_sum


def test_equal_edges_are_held_once():
    sender = torch.tensor([0, 0, 0, 1, 1])
    receiver = torch.tensor([1, 1, 1, 0, 0])
    distance = torch.tensor([2.5, 2.5, 3.0, 2.5, 2.5])
    found = Edges.distinct(sender, receiver, distance, 2)
    assert found.sender.tolist() == [0, 0, 1]
    assert found.receiver.tolist() == [1, 1, 0]
    assert found.distance.tolist() == [2.5, 3.0, 2.5]
    assert found.count.flatten().tolist() == [2, 1, 2]
    assert found.place is None
    assert Edges.distinct(sender, receiver, distance.double(), 2).count is None


def test_rows_of_equal_edges_are_summed():
    sender, receiver = torch.tensor([1, 0, 1, 0]), torch.tensor([0, 1, 0, 1])
    distance = torch.tensor([2.5, 2.5, 2.5, 3.0])
    rows = torch.tensor([[1.0], [2.0], [4.0], [8.0]])
    edges = Edges.distinct(sender, receiver, distance, 2, with_place=True)
    assert edges.sender.tolist() == [0, 0, 1]
    assert edges.summed(rows).flatten().tolist() == [2, 8, 5]
    whole = Edges.distinct(sender, receiver, distance.double(), 2, with_place=True)
    assert whole.summed(rows) is rows


def test_what_lengths_decide_is_computed_once_for_each():
    ends, distance = torch.tensor([0, 0, 1, 1]), torch.tensor([3.0, 2.5, 3.0, 2.5])
    edges = Edges(ends, ends.flip(0), distance)
    assert edges.lengths.tolist() == [2.5, 3.0]
    torch.testing.assert_close(edges.by_length(edges.lengths[:, None])[:, 0], distance)
    there = Edges(*(value.to("meta") for value in (ends, ends, distance)))
    assert there.lengths is there.distance  # on a device their number would be waited for
    rows = torch.empty(4, 3, device="meta")
    assert there.by_length(rows) is rows


@pytest.mark.parametrize("counted", [False, True])
def test_sums_by_share_are_means_over_the_edges_of_a_site(counted):
    sender = torch.tensor([0, 0, 0, 0, 2, 2])
    receiver = torch.tensor([1, 1, 1, 2, 0, 0])
    edges = Edges(sender, receiver, torch.ones(6))
    if counted:
        edges = Edges.distinct(sender, receiver, torch.ones(6), 4)
        assert len(edges.sender) == 3
    assert edges.degree(4).flatten().tolist() == [4, 1, 2, 1]
    values = torch.tensor([[1.0], [2.0], [4.0], [8.0]])
    summed = segment_sum(values[edges.receiver] * edges.share_of_sender(4), edges.sender, 4)
    torch.testing.assert_close(summed, segment_mean(values[receiver], sender, 4))


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_counted_rows_are_normalised_as_repeated_ones(kind):
    torch.manual_seed(0)
    rows, count = torch.randn(7, 3, dtype=kind), torch.tensor([1, 4, 2, 1, 3, 1, 5])
    counted, plain = CountedBatchNorm(3).to(kind), nn.BatchNorm1d(3).to(kind)
    for norm in (counted, plain):
        nn.init.constant_(norm.weight, 1.5)
    few, many = rows.clone().requires_grad_(), rows.clone().requires_grad_()
    weights = torch.randn(7, 3, dtype=kind)
    for _ in range(3):
        short = counted(few, count[:, None].to(kind))
        long = plain(many.repeat_interleave(count, 0))
    torch.testing.assert_close(short.repeat_interleave(count, 0), long)
    (short * weights * count[:, None]).sum().backward()
    (long * weights.repeat_interleave(count, 0)).sum().backward()
    torch.testing.assert_close(few.grad, many.grad, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(counted.weight.grad, plain.weight.grad)
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        torch.testing.assert_close(getattr(counted, name), getattr(plain, name))
