from __future__ import annotations

import math

import pytest
import torch

from matdata.nn import Linear, linear_of_softplus, shifted_softplus


def test_the_shifted_softplus_is_0_at_0():
    x = torch.tensor([-30.0, 0.0, 1.0, 30.0], dtype=torch.float64)
    expected = [-math.log(2) + math.exp(-30), 0.0, math.log((math.e + 1) / 2), 30 - math.log(2)]
    torch.testing.assert_close(shifted_softplus(x), torch.tensor(expected, dtype=torch.float64))


def test_a_layer_on_it_takes_the_shift_into_its_bias():
    torch.manual_seed(0)
    layer, rows = Linear(5, 3).double(), torch.randn(4, 5, dtype=torch.float64)
    torch.testing.assert_close(linear_of_softplus(layer, rows), layer(shifted_softplus(rows)))
    layer(shifted_softplus(rows)).square().sum().backward()
    expected = [value.grad.clone() for value in layer.parameters()]
    layer.zero_grad()
    linear_of_softplus(layer, rows).square().sum().backward()
    for value, grad in zip(layer.parameters(), expected, strict=True):
        torch.testing.assert_close(value.grad, grad)


@pytest.mark.parametrize(("dtype", "most"), [(torch.bfloat16, 2**-7), (torch.float16, 2**-10)])
def test_16_bits_keep_what_the_shift_leaves(dtype, most):
    torch.manual_seed(0)
    layer, rows = Linear(64, 32), 0.1 * torch.randn(200, 64)
    rows = rows.to(dtype)
    expected = layer(shifted_softplus(rows.float()))
    assert (
        shifted_softplus(rows) - shifted_softplus(rows.float())
    ).norm() <= most * expected.norm()
    actual = linear_of_softplus(layer.to(dtype), rows)
    assert actual.dtype == dtype
    assert (actual - expected).norm() <= 2 * most * expected.norm()
