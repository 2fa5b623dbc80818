"""Linear layers that each end in a shifted softplus, of rows and of the edges between sites.

Two ways that agree: compiled loops that take blocks of rows through all layers (CPU, float32,
products by the library's routine), and tensors (any device). A block stays in the cache
from the first layer to the last, and of what the layers compute their outputs alone are kept for
the gradient. Threads share blocks, and sums over blocks are taken in the same order whatever the
number of threads.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor, nn

from matdata.core.crystals import Array
from matdata.nn.activations import SHIFT, WORTH_LOOPS, affine_of_softplus, shifted_softplus
from matdata.nn.context import Context
from matdata.nn.cpu.autograd import array, gradients_by_tensors, outside_graphs, use_loops
from matdata.nn.cpu.blas import sgemm
from matdata.nn.cpu.blocks import Cut
from matdata.nn.cpu.onednn_linear import linear
from matdata.nn.cpu.operation import Gradient, Operation
from matdata.nn.edge_sums import ROWS, EdgeSums
from matdata.nn.vmap import Stacked, VmapInfo, member_by_member

_NO_ENDS = (np.zeros(0, np.int64),) * 2, np.zeros(0, np.float32)
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
        If, by loops, an end is no site of its edge's crystal.
    """
    weights = [matrix, *(layer.weight for layer in layers)]
    given = [*weights, *ends, *(layer.bias for layer in layers)]
    out, summed = _run(sums, edges, given, len(weights))
    return out, summed


def _run(
    sums: EdgeSums | None, rows: Tensor, given: Sequence[Tensor], depth: int
) -> Sequence[Tensor]:
    how = _How(depth, sums)
    return (_compiled if _by_loops(how, rows, given) else _tensors)(how, rows, *given)


def _by_loops(how: _How, rows: Tensor, given: Sequence[Tensor]) -> bool:
    return (
        not torch.compiler.is_compiling()
        and all(one.dtype is torch.float32 for one in (rows, *given))
        and rows.numel() >= WORTH_LOOPS
        and not torch.is_autocast_enabled("cpu")
        and use_loops(rows)
        and sgemm() != 0
        and _fit(how, rows, given)
    )


def _fit(how: _How, rows: Tensor, given: Sequence[Tensor]) -> bool:
    """Whether rows and layers have shapes that loops, which check nothing, may rely on.

    A width of 0 is none that the routine for products takes.
    """
    weights, first, biases = how.parts(given)
    widths = [rows.shape[-1], *(weight.shape[0] for weight in weights)]
    expected = [tuple(reversed(pair)) for pair in itertools.pairwise(widths)]
    lengths, own = widths[2:], widths[1]
    beside = [(own,)] if how.sums is None else [(how.sums.sites.total, own)] * 2
    return (
        rows.dim() == 2
        and (how.sums is None or rows.shape[0] == len(how.sums.sender))
        and all(widths)
        and [tuple(one.shape) for one in first] == beside
        and [tuple(weight.shape) for weight in weights] == expected
        and [tuple(bias.shape) for bias in biases] == [(one,) for one in lengths]
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
    out, summed, *_ = _Layers.of(how, rows, *given)
    return (out,) if how.sums is None else (out, summed)


@functools.lru_cache(64)
def _cut_of_rows(count: int, each: int) -> Cut:
    return Cut.of_rows(count, each)


def _ends(how: _How) -> tuple[tuple[Array, Array], Array]:
    """Ends of edges for loops, and how often each counts; empty if rows are no edges."""
    if how.sums is None:
        return _NO_ENDS
    sender, receiver, count = how.sums.arrays
    return (sender, receiver), count


def _sides(how: _How, first: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """What both ends add, (N, h) each; empty if rows are no edges."""
    if how.sums is None:
        return (first[0].new_empty(0, 0),) * 2
    return first[0], first[1]


def _arrays(tensors: Sequence[Tensor]) -> tuple[Array, ...]:
    """To be read: of what has gaps, or is by columns, a copy."""
    return tuple(map(array, tensors))


def _written(tensors: Sequence[Tensor]) -> tuple[Array, ...]:
    """To be written: the tensors' own memory."""
    return tuple(tensor.numpy() for tensor in tensors)


class _Saved(Context, Protocol):
    how: _How

    def set_materialize_grads(self, value: bool) -> None: ...


class _Layers(Operation):
    """All layers with their gradient: the output, its sums, and what hidden layers made of rows."""

    @staticmethod
    def forward(how: _How, rows: Tensor, *given: Tensor) -> tuple[Tensor, ...]:
        from matdata.nn.cpu import layer_kernels as kernels

        weights, first, biases = how.parts(given)
        cut, made = how.cut(rows), [rows.new_empty(rows.shape[0], one.shape[0]) for one in weights]
        sides = _sides(how, first)
        summed = rows.new_zeros(len(sides[0]), weights[-1].shape[0])
        # of edges the first bias is part of what sites add
        biases = [*(first if how.sums is None else [rows.new_empty(0)]), *biases]
        read = array(rows), _arrays(weights), _arrays(biases), *_ends(how), _arrays(sides), _SHIFT
        written = _written(made), summed.numpy()

        def work(first: int, last: int) -> None:
            kernels.forward(sgemm(), cut.offsets, first, last, *read, *written)

        cut.in_threads(work)
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
        from matdata.nn.cpu import layer_kernels as kernels

        made, rows, given = saved[: how.depth], saved[how.depth], saved[how.depth + 1 :]
        weights, first, _ = how.parts(given)
        cut = how.cut(rows)
        blocks = cut.count
        of_weights = [rows.new_empty(blocks, *weight.shape) for weight in weights]
        of_biases = [rows.new_empty(blocks, weight.shape[0]) for weight in weights]
        of_ends = [one.new_zeros(one.shape) for one in _sides(how, first)]
        of_rows = rows.new_empty(rows.shape if to_rows else (0, 1))
        read = array(grad), array(of_sum), array(rows), _arrays(weights), *_ends(how), _SHIFT
        written = _written(of_weights), _written(of_biases), _written(of_ends), of_rows.numpy()

        def work(first: int, last: int) -> None:
            kernels.backward(sgemm(), cut.offsets, first, last, *read, _arrays(made), *written)

        cut.in_threads(work)
        found, to_biases = (
            [one[0] if blocks == 1 else one.sum(0) for one in parts]
            for parts in (of_weights, of_biases)
        )
        to_first = to_biases[:1] if how.sums is None else of_ends
        return of_rows, *found, *to_first, *to_biases[1:]
