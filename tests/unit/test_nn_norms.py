"""A batch with one value per channel is normalised by the running statistics, which it leaves."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from matdata.nn import BatchNorm1d, CountedBatchNorm, Edges, GatedConvolution
from matdata.nn.norms import take_single_values


def torchs_own(width: int) -> nn.Module:
    norm = nn.BatchNorm1d(width)
    take_single_values(norm)
    return norm


def warmed(norm: nn.Module) -> nn.Module:
    """With running statistics and weights that are not those of the beginning."""
    torch.manual_seed(0)
    norm(2.0 + 3.0 * torch.randn(50, 4))
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2.0)
        norm.bias.uniform_(-1.0, 1.0)
    return norm


@pytest.mark.parametrize("make", [BatchNorm1d, CountedBatchNorm, torchs_own])
def test_a_single_row_is_normalised_as_in_evaluation(make):
    norm = warmed(make(4))
    before = copy.deepcopy(norm.state_dict())
    row = torch.randn(1, 4, requires_grad=True)
    found = norm(row)
    found.square().sum().backward()
    assert norm.training
    for name, value in norm.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    assert bool((row.grad != 0).all())
    assert bool((norm.weight.grad != 0).all())
    torch.testing.assert_close(found, norm.eval()(row))


@pytest.mark.parametrize("make", [BatchNorm1d, CountedBatchNorm, torchs_own])
def test_more_rows_are_normalised_as_torch_does(make):
    norm, plain = make(4), nn.BatchNorm1d(4)
    for rows in (torch.randn(2, 4), torch.randn(1, 4), torch.randn(9, 4)):
        found = norm(rows)
        if len(rows) > 1:
            torch.testing.assert_close(found, plain(rows))
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(norm.state_dict()[name], value)


def test_one_row_that_stands_for_several_is_no_single_value():
    counted, plain = CountedBatchNorm(4), nn.BatchNorm1d(4)
    row = torch.randn(1, 4)
    twelve = plain(row.repeat(12, 1))  # their mean is rounded, and its error over sqrt(eps) shows
    found = counted(row, torch.tensor([[12.0]])).expand(12, 4)
    torch.testing.assert_close(found, twelve, rtol=0, atol=1e-4)
    torch.testing.assert_close(counted.running_var, plain.running_var)
    kept = counted.running_var.clone()
    counted(row, torch.tensor([[1.0]]))
    torch.testing.assert_close(counted.running_var, kept, rtol=0, atol=0)


def test_norms_in_two_dimensions_follow_the_rule():
    norm = nn.BatchNorm2d(3)
    take_single_values(norm)
    assert norm(torch.randn(1, 3, 1, 1)).shape == (1, 3, 1, 1)
    assert int(norm.num_batches_tracked) == 0
    norm(torch.randn(1, 3, 2, 1))
    assert int(norm.num_batches_tracked) == 1


def test_a_convolution_trains_on_one_site():
    layer = GatedConvolution(5, 3)
    ends = torch.zeros(4, dtype=torch.int64)
    edges = Edges.distinct(ends, ends, torch.tensor([1.0, 1.0, 2.0, 2.0]), 1)
    sites = layer(torch.randn(1, 5), torch.randn(len(edges.distance), 3), edges)
    sites.sum().backward()
    assert bool(sites.isfinite().all())
