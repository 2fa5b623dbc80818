from __future__ import annotations

import pytest
import torch
from torch import nn

from matdata.nn import CountedBatchNorm, Edges


def test_equal_edges_are_held_once():
    sender = torch.tensor([0, 0, 0, 1, 1])
    receiver = torch.tensor([1, 1, 1, 0, 0])
    distance = torch.tensor([2.5, 2.5, 3.0, 2.5, 2.5])
    found = Edges.distinct(sender, receiver, distance, 2)
    assert found.sender.tolist() == [0, 0, 1]
    assert found.receiver.tolist() == [1, 1, 0]
    assert found.distance.tolist() == [2.5, 3.0, 2.5]
    assert found.count.flatten().tolist() == [2, 1, 2]
    assert Edges.distinct(sender, receiver, distance.double(), 2).count is None


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
