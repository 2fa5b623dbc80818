"""Softplus, the shifted one of MEGNet and SchNet, and a linear layer on it.

Two ways that agree: compiled loops (CPU, float32, where there are enough numbers to be worth the
call), and tensors (any device).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matdata.nn.context import Context
from matdata.nn.cpu.autograd import array, outside_graphs, use_loops
from matdata.nn.cpu.onednn_linear import linear
from matdata.nn.cpu.openmp import how_many_parts, in_threads
from matdata.nn.cpu.operation import Operation
from matdata.nn.vmap import Stacked, VmapInfo

#: What the shifted softplus takes off, so that it is 0 at 0.
SHIFT = math.log(2.0)
#: Numbers from which on compiled loops are faster, with what a call of them costs.
WORTH_LOOPS = 1 << 14
#: Numbers that one thread does at a time.
_BLOCK = 1 << 12


def softplus(rows: Tensor, shift: float = 0.0) -> Tensor:
    """``ln(e^x + 1) - shift`` of each number."""
    if _by_loops(rows):
        return _compiled(rows, shift)
    out = F.softplus(rows)
    return out - shift if shift else out


def _by_loops(rows: Tensor) -> bool:
    return rows.dtype == torch.float32 and rows.numel() >= WORTH_LOOPS and use_loops(rows)


def shifted_softplus(rows: Tensor) -> Tensor:
    """``ln(e^x + 1) - ln 2`` (C. Chen et al. 2019, eq. 9; K. T. Schütt et al. 2017).

    Both terms are near each other where `rows` are small, so the difference is taken in float32
    where `rows` have 16 bits.
    """
    if rows.dtype in (torch.float16, torch.bfloat16):
        return softplus(rows.float(), SHIFT).to(rows.dtype)
    return softplus(rows, SHIFT)


def linear_of_softplus(layer: nn.Linear, rows: Tensor) -> Tensor:
    """A linear layer with a bias on the shifted softplus of rows (..., k), to (..., m).

    Of many rows the shift is part of the bias: ``W (s - c) + b`` is ``W s + (b - c W 1)``, which
    saves a pass over all of them. Not in 16 bits, where ``W s`` would lose what the shift leaves,
    nor where compiled loops subtract it on their way.
    """
    return affine_of_softplus(layer.weight, layer.bias, rows)


def affine_of_softplus(weight: Tensor, bias: Tensor, rows: Tensor) -> Tensor:
    """`linear_of_softplus` by the layer's matrix (m, k) and bias (m,)."""
    whole = rows.dtype not in (torch.float16, torch.bfloat16)
    if whole and rows.numel() >= WORTH_LOOPS and not _by_loops(rows):
        return linear(softplus(rows), weight, bias - SHIFT * weight.sum(1))
    return linear(shifted_softplus(rows), weight, bias)


@outside_graphs
def _compiled(rows: Tensor, shift: float) -> Tensor:
    out: Tensor = _Softplus.of(rows, shift)
    return out


def _by_blocks(loop: Callable[..., None], read: Sequence[Tensor], *rest: object) -> Tensor:
    """Call ``loop(*read, *rest, written)`` for blocks of tensors of one shape."""
    out = read[0].new_empty(read[0].shape)
    *flat, written = (array(tensor).reshape(-1) for tensor in (*read, out))
    parts = how_many_parts(len(written))
    if parts == 1:
        loop(*flat, *rest, written)
        return out

    def work(_: int, first: int, last: int) -> None:
        part = slice(first * _BLOCK, last * _BLOCK)
        loop(*(numbers[part] for numbers in flat), *rest, written[part])

    in_threads(work, np.arange(-(-len(written) // _BLOCK) + 1), parts)
    return out


class _Softplus(Operation):
    """The loop with its gradient."""

    @staticmethod
    def forward(rows: Tensor, shift: float) -> Tensor:
        from matdata.nn.cpu import softplus_kernels as kernels

        return _by_blocks(kernels.forward, [rows], np.float32(shift))

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Tensor, float], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx: Context, grad: Tensor) -> tuple[Tensor, None]:
        (rows,) = ctx.saved_tensors
        return _Gradient.of(grad, rows), None

    @staticmethod
    def vmap(
        info: VmapInfo, in_dims: tuple[int | None, None], rows: Tensor, shift: float
    ) -> tuple[Tensor, int | None]:
        return _Softplus.of(rows, shift), in_dims[0]


class _Gradient(Operation):
    """``grad / (1 + e^-x)``; its own gradient is by tensors."""

    @staticmethod
    def forward(grad: Tensor, rows: Tensor) -> Tensor:
        from matdata.nn.cpu import softplus_kernels as kernels

        return _by_blocks(kernels.backward, [rows, grad])

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Context, again: Tensor) -> tuple[Tensor, Tensor]:
        grad, rows = ctx.saved_tensors
        slope = torch.sigmoid(rows)
        return again * slope, again * grad * slope * (1.0 - slope)

    @staticmethod
    def vmap(info: VmapInfo, in_dims: tuple[int | None, int | None], *inputs: Tensor) -> Stacked:
        aligned = (
            one.expand(info.batch_size, *one.shape) if dim is None else one.movedim(dim, 0)
            for one, dim in zip(inputs, in_dims, strict=True)
        )
        return _Gradient.of(*aligned), 0
