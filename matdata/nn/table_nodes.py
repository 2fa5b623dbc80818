"""Nodes whose channels are rows of tables, before anything has mixed them with their neighbours.

An element is on many sites, a Wyckoff position on many orbits, and what differs between nodes
beyond them is one number. With tables side by side,

    h_i = (T_1[p_1i] ⊕ T_2[p_2i] ⊕ …) + x_i d
    W h_i = (T_1 W_1^T)[p_1i] + (T_2 W_2^T)[p_2i] + … + x_i W d

so that the products of the first layer are made once per distinct row, not once per node. Two ways
that agree: compiled loops (CPU), and the product with the nodes (any device).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from matdata.nn.context import Context
from matdata.nn.cpu.autograd import array, outside_graphs, use_loops
from matdata.nn.cpu.onednn_linear import linear
from matdata.nn.cpu.openmp import how_many_parts, in_threads
from matdata.nn.cpu.operation import Gradient, Operation
from matdata.nn.vmap import Stacked, VmapInfo, member_by_member


@dataclass(frozen=True, eq=False)
class TableNodes:
    """Nodes as rows of tables; see the module.

    Attributes
    ----------
    tables : Sequence of (u, k) tensors
        Distinct rows; the widths k add up to that of a node.
    places : Sequence of (n,) int64 tensors
        Which row of each table a node has.
    numbers : (n,)
        What a node is a multiple by.
    direction : (width,)
        What it is a multiple of.
    """

    tables: Sequence[Tensor]
    places: Sequence[Tensor]
    numbers: Tensor
    direction: Tensor

    @functools.cached_property
    def dense(self) -> Tensor:
        """The nodes themselves, (n, width)."""
        pairs = zip(self.tables, self.places, strict=True)
        rows = torch.cat([table.index_select(0, place) for table, place in pairs], 1)
        return rows + self.numbers[:, None] * self.direction

    def linear(self, weight: Tensor) -> Tensor:
        """Products with a matrix (m, width), (n, m)."""
        if torch.compiler.is_compiling() or not use_loops(weight):
            return linear(self.dense, weight)
        matrices = torch.split(weight, [table.shape[1] for table in self.tables], 1)
        rows = [linear(*pair) for pair in zip(self.tables, matrices, strict=True)]
        return summed(rows, self.places, self.numbers, weight @ self.direction)


def summed(
    tables: Sequence[Tensor], places: Sequence[Tensor], numbers: Tensor, direction: Tensor
) -> Tensor:
    """Rows of tables (u, m) at places (n,), summed, and a multiple of a direction (m,), (n, m).

    By the compiled loops of the CPU, in float32 or float64.

    Raises
    ------
    IndexError
        If a place is not one of its table, or there are not as many places as numbers.
    """
    shift, shifted = 0, []
    for table, place in zip(tables, places, strict=True):
        _require_rows(table, place, numbers)
        shifted.append(place + shift)
        shift += len(table)
    out: Tensor = _summed(torch.cat(list(tables)), torch.stack(shifted), numbers, direction)
    return out


def _require_rows(table: Tensor, place: Tensor, numbers: Tensor) -> None:
    """Refuse what the loops, which check nothing, would read and write beside their arrays."""
    if place.shape != numbers.shape:
        raise IndexError(f"{len(numbers)} nodes and places of {tuple(place.shape)}")
    least, most = (int(end) for end in torch.aminmax(place)) if len(place) else (0, -1)
    if least < 0 or most >= len(table):
        raise IndexError(f"places {least} to {most} in a table of {len(table)} rows")


@outside_graphs
def _summed(table: Tensor, places: Tensor, numbers: Tensor, direction: Tensor) -> Tensor:
    exact = torch.promote_types(table.dtype, torch.float32)
    out: Tensor = _Summed.of(table.to(exact), numbers.to(exact), direction.to(exact), places)
    return out.to(table.dtype)


class _Summed(Operation):
    """The loops with their gradient."""

    @staticmethod
    def forward(table: Tensor, numbers: Tensor, direction: Tensor, places: Tensor) -> Tensor:
        from matdata.nn.cpu import table_kernels as kernels

        read = array(table), array(places), array(numbers), array(direction)
        out = table.new_empty(len(numbers), table.shape[1])
        written = out.numpy()

        def work(_: int, first: int, last: int) -> None:
            kernels.forward(*read, first, last, written)

        in_threads(work, np.arange(len(out) + 1), how_many_parts(out.numel()))
        return out

    @staticmethod
    def setup_context(ctx: Context, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Context, grad: Tensor) -> tuple[Tensor | None, ...]:
        table, numbers, direction, places = ctx.saved_tensors
        to_table, to_direction = _Gradient.of(grad, numbers, places, len(table))
        to_numbers = grad @ direction if ctx.needs_input_grad[1] else None
        return to_table, to_numbers, to_direction, None

    @staticmethod
    def vmap(info: VmapInfo, in_dims: tuple[int | None, ...], *inputs: object) -> Stacked:
        return member_by_member(_Summed.of, info, in_dims, inputs)


class _Gradient(Gradient):
    """The gradient, which has none of its own."""

    what = "rows of tables"

    @staticmethod
    def forward(grad: Tensor, numbers: Tensor, places: Tensor, rows: int) -> tuple[Tensor, Tensor]:
        from matdata.nn.cpu import table_kernels as kernels

        width, group = grad.shape[1], kernels.CHANNELS
        to_table, to_direction = grad.new_zeros(rows, width), grad.new_zeros(width)
        read = array(grad), array(places), array(numbers)
        written = to_table.numpy(), to_direction.numpy()

        def work(_: int, begin: int, end: int) -> None:
            for k in range(begin, end):
                kernels.backward(*read, k * group, min((k + 1) * group, width), *written)

        in_threads(work, np.arange(-(-width // group) + 1), how_many_parts(grad.numel()))
        return to_table, to_direction
