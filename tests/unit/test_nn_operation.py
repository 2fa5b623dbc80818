"""Operations by their short way and by that of stacks give the same."""

from __future__ import annotations

import pytest
import torch

from matdata.nn.cpu import operation
from matdata.nn.cpu.operation import Operation


class Scaled(Operation):
    """``factor * rows`` with a second output, of no gradient."""

    @staticmethod
    def forward(rows, factor):
        return rows * factor, rows.detach() + 1.0

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.factor = inputs[1]
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx, grad, _):
        (rows,) = ctx.saved_tensors
        return grad * ctx.factor + 0.0 * rows, None

    @staticmethod
    def vmap(info, in_dims, rows, factor):
        return Scaled.of(rows, factor), (in_dims[0], in_dims[0])


@pytest.mark.parametrize("public", [False, True])
def test_an_operation_has_its_gradient_either_way(public, monkeypatch):
    if public:
        monkeypatch.setattr(operation, "_transformed", lambda: True)
    rows = torch.randn(3, 2, requires_grad=True)
    out, beside = Scaled.of(rows, 3.0)
    assert not beside.requires_grad
    out.sum().backward()
    torch.testing.assert_close(rows.grad, torch.full((3, 2), 3.0))
    with torch.no_grad():
        assert not Scaled.of(rows, 3.0)[0].requires_grad


def test_stacks_take_the_way_that_maps():
    rows = torch.randn(4, 3)
    gradient = torch.func.vmap(torch.func.grad(lambda row: Scaled.of(row, 2.0)[0].sum()))(rows)
    torch.testing.assert_close(gradient, torch.full((4, 3), 2.0))


def test_the_short_way_is_taken_where_nothing_is_mapped(monkeypatch):
    def refuse(*inputs):
        raise AssertionError("arguments are bound")

    monkeypatch.setattr(Scaled, "apply", refuse)
    assert torch.equal(Scaled.of(torch.ones(2), 2.0)[0], torch.full((2,), 2.0))
