"""Linear layers that each end in a shifted softplus, of rows and of the edges between sites.

Two ways that agree: blocks of rows that go through all layers, products by torch and what is
between them by compiled loops (CPU, float32), and tensors (any device). A block stays in the cache
from the first layer to the last, and of what the layers compute their outputs alone are kept for
the gradient. Threads share blocks, and sums over blocks are taken in the same order whatever the
number of threads.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor, nn

from matdata.nn.activations import SHIFT, WORTH_LOOPS, affine_of_softplus, shifted_softplus
from matdata.nn.context import Context
from matdata.nn.cpu.autograd import array, gradients_by_tensors, outside_graphs, use_loops
from matdata.nn.cpu.blocks import Cut
from matdata.nn.cpu.onednn_linear import linear
from matdata.nn.cpu.operation import Gradient, Operation
from matdata.nn.edge_sums import ROWS, EdgeSums
from matdata.nn.vmap import Stacked, VmapInfo, member_by_member

#: In float32, of which compiled loops make float32 ones.
_SHIFT = cast("float", np.float32(SHIFT))


def softplus_layers(rows: Tensor, layers: Sequence[nn.Linear]) -> Tensor:
    """Linear layers, each with a shifted softplus (`shifted_softplus`) after it.

    Parameters
    ----------
    rows : (n, k)
        Input.
    layers
        One or more, with biases.

    Returns
    -------
    (n, m)
        Output of the last; by loops its gradient has errors of 1e-7 of the largest slope.
    """
    weights, biases = [layer.weight for layer in layers], [layer.bias for layer in layers]
    return _run(None, rows, [*weights, *biases], len(layers))[0]


def softplus_edge_layers(
    edges: Tensor,
    matrix: Tensor,
    ends: tuple[Tensor, Tensor],
    layers: Sequence[nn.Linear],
    sums: EdgeSums,
) -> tuple[Tensor, Tensor]:
    """As `softplus_layers`, for edges to which both ends add to what the first layer makes.

    Parameters
    ----------
    edges : (E, k)
        Input.
    matrix : (h, k)
        Of the first layer.
    ends : (N, h) and (N, h)
        What sites add to the edges that they send, the bias with it, and to those they receive.
    layers
        Those after the first.
    sums
        Ends of the edges.

    Returns
    -------
    (E, m) and (N, m)
        Output of the last layer, and its sums over the edges that leave each site.

    Raises
    ------
    IndexError
        If, by loops, an end is no site of its edge's crystal, or shapes of ends differ.
    """
    weights = [matrix, *(layer.weight for layer in layers)]
    given = [*weights, *ends, *(layer.bias for layer in layers)]
    out, summed = _run(sums, edges, given, len(weights))
    return out, summed


def _run(
    sums: EdgeSums | None, rows: Tensor, given: Sequence[Tensor], depth: int
) -> Sequence[Tensor]:
    how = _How(depth, sums)
    return (_compiled if _by_loops(rows, given) else _tensors)(how, rows, *given)


def _by_loops(rows: Tensor, given: Sequence[Tensor]) -> bool:
    return (
        not torch.compiler.is_compiling()
        and all(one.dtype is torch.float32 for one in (rows, *given))
        and rows.numel() >= WORTH_LOOPS
        and not torch.is_autocast_enabled("cpu")
        and use_loops(rows)
    )


@dataclass(frozen=True, eq=False)
class _How:
    """How many layers there are, and the ends if rows are edges."""

    depth: int
    sums: EdgeSums | None

    def cut(self, rows: Tensor) -> Cut:
        """Blocks of the rows."""
        return _cut_of_rows(rows.shape[0], ROWS) if self.sums is None else self.sums.cut

    def parts(self, given: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
        """Matrices, what is added in the first layer, and biases of the others."""
        last = self.depth + (1 if self.sums is None else 2)
        return given[: self.depth], given[self.depth : last], given[last:]


def _tensors(how: _How, rows: Tensor, *given: Tensor) -> tuple[Tensor, ...]:
    """The layers by operations of torch: their output, and its sums if there are any."""
    weights, first, biases = how.parts(given)
    if how.sums is None:
        rows = linear(rows, weights[0], first[0])
    else:
        rows = linear(rows, weights[0]) + first[0].index_select(0, how.sums.sender)
        rows = rows + first[1].index_select(0, how.sums.receiver)
    for weight, bias in zip(weights[1:], biases, strict=True):
        rows = affine_of_softplus(weight, bias, rows)
    out = shifted_softplus(rows)
    return (out,) if how.sums is None else (out, how.sums.total(out))


@outside_graphs
def _compiled(how: _How, rows: Tensor, *given: Tensor) -> Sequence[Tensor]:
    """The same by blocks."""
    if how.sums is not None:
        _require_sites(how.sums, given[0], given[how.depth : how.depth + 2])
    out, summed, *_ = _Layers.of(how, rows, *given)
    return (out,) if how.sums is None else (out, summed)


def _require_sites(sums: EdgeSums, matrix: Tensor, ends: Sequence[Tensor]) -> None:
    """Refuse what the loops, which check nothing, would read beside their arrays."""
    expected = sums.sites.total, matrix.shape[0]
    if any(tuple(end.shape) != expected for end in ends):
        shapes = " and ".join(str(tuple(end.shape)) for end in ends)
        raise IndexError(f"what sites add has the shapes {shapes}; expected {expected}")


@functools.lru_cache(64)
def _cut_of_rows(count: int, each: int) -> Cut:
    return Cut.of_rows(count, each)


class _Saved(Context, Protocol):
    how: _How

    def set_materialize_grads(self, value: bool) -> None: ...


class _Layers(Operation):
    """All layers with their gradient: the output, its sums, and what hidden layers made of rows."""

    @staticmethod
    def forward(how: _How, rows: Tensor, *given: Tensor) -> tuple[Tensor, ...]:
        from matdata.nn.cpu import softplus_kernels as kernels

        weights, first, biases = how.parts([one.detach() for one in given])
        added = [array(one) for one in (*first, *biases)][-how.depth :]
        own, other = array(first[0]), array(first[-1])
        matrices = [weight.t() for weight in weights]
        cut, made = how.cut(rows), [rows.new_empty(rows.shape[0], one.shape[0]) for one in weights]
        below = [cut.tensors(one) for one in (rows.detach().contiguous(), *made)]
        numbers = [cut.arrays(one.numpy()) for one in made]
        summed, ends = rows.new_empty(0), []
        if how.sums is not None:
            summed = rows.new_zeros(first[0].shape[0], weights[-1].shape[0])
            ends = [cut.arrays(one) for one in how.sums.arrays]
        total = summed.numpy()

        def block(n: int) -> None:
            for layer, matrix in enumerate(matrices):
                torch.mm(below[layer][n], matrix, out=below[layer + 1][n])
                if layer or not ends:
                    kernels.activate(numbers[layer][n], added[layer], _SHIFT)
                else:
                    at = ends[0][n], ends[1][n]
                    kernels.activate_edges(numbers[0][n], own, other, *at, _SHIFT)
            if ends:
                kernels.add_counted(numbers[-1][n], ends[0][n], ends[2][n], total)

        cut.each(block)
        return made[-1], summed, *made[:-1]

    @staticmethod
    def setup_context(
        ctx: _Saved, inputs: tuple[_How, *tuple[Tensor, ...]], output: tuple[Tensor, ...]
    ) -> None:
        ctx.how, *read = inputs
        out, summed, *hidden = output
        ctx.mark_non_differentiable(*hidden, *([] if ctx.how.sums is not None else [summed]))
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*hidden, out, *read)

    @staticmethod
    def backward(
        ctx: _Saved, grad: Tensor | None, of_sum: Tensor | None, *_: Tensor
    ) -> tuple[Tensor | None, ...]:
        saved, how = ctx.saved_tensors, ctx.how
        out, given = saved[how.depth - 1], saved[how.depth :]
        if grad is None:
            grad = torch.zeros_like(out)
        if of_sum is None:
            of_sum = out.new_zeros(0 if how.sums is None else how.sums.sites.total, out.shape[1])
        wanted = ctx.needs_input_grad[1:]
        if torch.is_grad_enabled():
            again = functools.partial(_tensors, how)
            grads = (grad,) if how.sums is None else (grad, of_sum)
            return None, *gradients_by_tensors(again, grads, given, wanted)
        return None, *_Gradient.within_backward(how, wanted[0], grad, of_sum, *saved)

    @staticmethod
    def vmap(info: VmapInfo, in_dims: tuple[int | None, ...], *inputs: object) -> Stacked:
        return member_by_member(_Layers.of, info, in_dims, inputs)


class _Gradient(Gradient):
    """The gradient by blocks; that which has a gradient itself is by tensors."""

    what = "layers with softplus"

    @staticmethod
    def forward(
        how: _How, to_rows: bool, grad: Tensor, of_sum: Tensor, *saved: Tensor
    ) -> tuple[Tensor, ...]:
        from matdata.nn.cpu import softplus_kernels as kernels

        saved = tuple(one.detach() for one in saved)
        made, rows, given = saved[: how.depth], saved[how.depth], saved[how.depth + 1 :]
        weights, first, _ = how.parts(given)
        cut = how.cut(rows)
        below = [cut.tensors(one.contiguous()) for one in (rows, *made)]
        numbers = [cut.arrays(array(one)) for one in made]
        grads, summed = cut.tensors(grad.detach().contiguous()), array(of_sum)
        blocks = len(grads)
        of_weights = [rows.new_empty(blocks, *weight.shape) for weight in weights]
        to_weights = [one.unbind(0) for one in of_weights]
        of_biases = [np.empty((blocks, weight.shape[0]), np.float32) for weight in weights]
        of_rows = rows.new_empty(rows.shape if to_rows else (0,))
        ends, of_ends = [], []
        if how.sums is not None:
            ends = [cut.arrays(one) for one in how.sums.arrays]
            of_ends = [torch.zeros_like(one) for one in first]
        to_ends = [one.numpy() for one in of_ends]
        back = cut.tensors(of_rows) if to_rows else ()

        def block(n: int) -> None:
            down = torch.empty_like(grads[n]) if ends else grads[n].clone()
            if ends:
                kernels.back_counted(grads[n].numpy(), summed, ends[0][n], ends[2][n], down.numpy())
            for layer in reversed(range(how.depth)):
                kernels.descend(down.numpy(), numbers[layer][n], _SHIFT, of_biases[layer][n])
                torch.mm(down.t(), below[layer][n], out=to_weights[layer][n])
                if layer:
                    down = torch.mm(down, weights[layer])
            if ends:
                kernels.spread_out(down.numpy(), ends[0][n], ends[1][n], *to_ends)
            if to_rows:
                torch.mm(down, weights[0], out=back[n])

        cut.each(block)
        found = [one[0] if blocks == 1 else one.sum(0) for one in of_weights]
        to_biases = [torch.from_numpy(one[0] if blocks == 1 else one.sum(0)) for one in of_biases]
        return of_rows, *found, *(of_ends or to_biases[:1]), *to_biases[1:]
