from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from matdata.core.cpu_kernels import cpu_kernels
from matdata.nn import Linear, activations, linear_of_softplus, shifted_softplus
from matdata.nn.cpu.autograd import loops_available

needs_loops = pytest.mark.skipif(not loops_available(), reason="no compiled loops")


@pytest.fixture
def loops(monkeypatch):
    """Loops for few numbers too, in small blocks; how many calls there were of each."""
    monkeypatch.setattr(activations, "WORTH_LOOPS", 1)
    monkeypatch.setattr(activations, "_BLOCK", 16)
    calls = []
    by_blocks = activations._by_blocks

    def counted(loop, *rest):
        calls.append(loop.__name__)
        return by_blocks(loop, *rest)

    monkeypatch.setattr(activations, "_by_blocks", counted)
    return calls


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


@needs_loops
@pytest.mark.parametrize("shift", [0.0, activations.SHIFT])
def test_loops_give_the_softplus_and_its_slope(loops, shift):
    rows = torch.cat([torch.linspace(-100, 100, 4001), 3 * torch.randn(1000)]).requires_grad_()
    exact = rows.detach().double().requires_grad_()
    ours, theirs = activations.softplus(rows, shift), F.softplus(exact) - shift
    grad = torch.randn(len(rows), dtype=torch.float64)
    (slope,) = torch.autograd.grad(ours, rows, grad.float())
    (expected,) = torch.autograd.grad(theirs, exact, grad)
    torch.testing.assert_close(ours.double(), theirs, rtol=5e-7, atol=1.2e-7 if shift else 1e-37)
    torch.testing.assert_close(slope.double(), expected, rtol=5e-7, atol=1e-37)
    assert loops == ["forward", "backward"]


@needs_loops
def test_loops_show_what_is_no_number(loops):
    rows = torch.tensor([math.nan, math.inf, -math.inf, 1e30, -1e30, 0.0], requires_grad=True)
    out = activations.softplus(rows)
    torch.testing.assert_close(out, F.softplus(rows.detach()), equal_nan=True)
    out.backward(torch.ones(6))
    expected = torch.tensor([math.nan, 1.0, 0.0, 1.0, 0.0, 0.5])
    torch.testing.assert_close(rows.grad, expected, equal_nan=True, rtol=0, atol=1e-37)


@needs_loops
def test_threads_gaps_and_stacks_change_no_bit_of_the_loops(loops, monkeypatch):
    monkeypatch.setattr("matdata.nn.cpu.openmp.WORTH_A_THREAD", 16)
    rows, before = torch.randn(7, 33, 3), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        expected = activations.softplus(rows)
        torch.set_num_threads(3)
        assert torch.equal(activations.softplus(rows), expected)
    finally:
        torch.set_num_threads(before)
    turned = activations.softplus(rows.transpose(0, 2))
    assert torch.equal(turned, expected.transpose(0, 2))
    assert torch.equal(torch.vmap(activations.softplus, in_dims=1)(rows), expected.transpose(0, 1))
    assert set(loops) == {"forward"}


@needs_loops
def test_gradients_of_stacked_rows_and_of_gradients(loops):
    rows, weight = torch.randn(4, 5), torch.randn(4)

    def total(row):
        return (activations.softplus(row) * 2.0).sum()

    slopes = torch.func.vmap(torch.func.grad(total))(rows)
    torch.testing.assert_close(slopes, 2.0 * torch.sigmoid(rows))
    one = torch.func.grad(lambda factor: (activations.softplus(factor[:, None] * rows)).sum())
    torch.testing.assert_close(one(weight), (torch.sigmoid(weight[:, None] * rows) * rows).sum(1))
    again = rows.clone().requires_grad_()
    (slope,) = torch.autograd.grad(activations.softplus(again).sum(), again, create_graph=True)
    (curve,) = torch.autograd.grad(slope.sum(), again)
    torch.testing.assert_close(curve, torch.sigmoid(rows) * torch.sigmoid(-rows))
    assert "backward" in loops


@needs_loops
def test_loops_are_left_out_where_they_are_switched_off_or_know_no_type(loops):
    rows = torch.randn(8, 4)
    with cpu_kernels(False):
        assert torch.equal(activations.softplus(rows), F.softplus(rows))
    torch.testing.assert_close(activations.softplus(rows.double()), F.softplus(rows.double()))
    assert loops == []
    layer = Linear(4, 3)
    torch.testing.assert_close(linear_of_softplus(layer, rows), layer(shifted_softplus(rows)))
    assert set(loops) == {"forward"}
