"""Attention of a query for each set to the set's entries, as in set2set.

For the entries e of a set with query q,

    out = sum_e a_e x_e,    a_e = w_e exp(q . x_e) / sum_f w_f exp(q . x_f)

Two ways that agree: compiled loops (CPU, float32), and tensors (any device).
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from matdata.nn.context import Context
from matdata.nn.cpu.autograd import array, gradients_by_tensors, outside_graphs, use_loops
from matdata.nn.cpu.openmp import how_many_parts, in_threads
from matdata.nn.cpu.operation import Gradient, Operation
from matdata.nn.segments import Segments
from matdata.nn.vmap import Stacked, VmapInfo, member_by_member


def query_attention(
    entries: Tensor, query: Tensor, sets: Segments, log_weights: Tensor | None = None
) -> Tensor:
    """Entries of each set, weighted by their attention; see the module.

    Parameters
    ----------
    entries : (n, w)
        What is read.
    query : (b, w)
        One for each set.
    sets
        Entries of each of the b sets.
    log_weights : (n, 1), optional
        Logarithms of the weights.

    Returns
    -------
    (b, w)
        Sums; 0 for a set without entries.
    """
    if not _by_loops(entries, query, log_weights):
        return _tensors(sets, log_weights, entries, query)
    if log_weights is None:
        log_weights = entries.new_zeros(len(entries), 1)
    return _compiled(sets, log_weights, entries, query)


def _by_loops(entries: Tensor, query: Tensor, log_weights: Tensor | None) -> bool:
    if log_weights is not None and (
        log_weights.requires_grad or log_weights.dtype is not torch.float32
    ):
        return False  # the loops have no gradient of them
    return (
        not torch.compiler.is_compiling()
        and entries.dtype is query.dtype is torch.float32
        and not torch.is_autocast_enabled("cpu")
        and use_loops(entries)
    )


def _tensors(sets: Segments, log_weights: Tensor | None, entries: Tensor, query: Tensor) -> Tensor:
    """The sums by operations of torch."""
    scores = (entries * query.index_select(0, sets.owner)).sum(1, keepdim=True)
    return sets.sum(entries * sets.softmax(scores, log_weights))


@outside_graphs
def _compiled(sets: Segments, log_weights: Tensor, entries: Tensor, query: Tensor) -> Tensor:
    """The sums by the compiled loops of the CPU."""
    shapes = [tuple(one.shape) for one in (entries, query, log_weights)]
    if shapes != [(sets.total, query.shape[-1]), (sets.count, query.shape[-1]), (sets.total, 1)]:
        raise IndexError("entries {}, queries {} and weights {} of {}".format(*shapes, sets))
    out: Tensor = _Attention.of(sets, log_weights, entries, query)[0]
    return out


class _Saved(Context, Protocol):
    sets: Segments


class _Attention(Operation):
    """The loops with their gradient; returns the sums and the shares."""

    @staticmethod
    def forward(
        sets: Segments, log_weights: Tensor, entries: Tensor, query: Tensor
    ) -> tuple[Tensor, Tensor]:
        from matdata.nn.cpu import query_kernels as kernels

        out, shares = query.new_zeros(query.shape), entries.new_empty(len(entries))
        read = array(entries), array(query), array(log_weights.flatten()), sets.host_offsets
        written = out.numpy(), shares.numpy()

        def work(_: int, first: int, last: int) -> None:
            kernels.forward(*read, first, last, *written)

        in_threads(work, sets.host_offsets, how_many_parts(entries.numel()))
        return out, shares

    @staticmethod
    def setup_context(
        ctx: _Saved,
        inputs: tuple[Segments, Tensor, Tensor, Tensor],
        output: tuple[Tensor, Tensor],
    ) -> None:
        ctx.sets, log_weights, entries, query = inputs
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(log_weights, entries, query, output[1])

    @staticmethod
    def backward(ctx: _Saved, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        log_weights, entries, query, shares = ctx.saved_tensors
        if torch.is_grad_enabled():
            wanted = ctx.needs_input_grad[2:]

            def again(entries: Tensor, query: Tensor) -> tuple[Tensor]:
                return (_tensors(ctx.sets, log_weights, entries, query),)

            return None, None, *gradients_by_tensors(again, (grad,), (entries, query), wanted)
        return None, None, *_Gradient.within_backward(ctx.sets, grad, entries, query, shares)

    @staticmethod
    def vmap(info: VmapInfo, in_dims: tuple[int | None, ...], *inputs: object) -> Stacked:
        return member_by_member(_Attention.of, info, in_dims, inputs)


class _Gradient(Gradient):
    """The gradient by loops; that which has a gradient itself is by tensors."""

    what = "attention of queries"

    @staticmethod
    def forward(
        sets: Segments, grad: Tensor, entries: Tensor, query: Tensor, shares: Tensor
    ) -> tuple[Tensor, Tensor]:
        from matdata.nn.cpu import query_kernels as kernels

        to_entries = entries.new_empty(entries.shape)
        to_query = query.new_zeros(query.shape)
        read = array(grad), array(entries), array(query), array(shares)
        steps = shares.new_empty(shares.shape).numpy()
        written = steps, to_entries.numpy(), to_query.numpy()

        def work(_: int, first: int, last: int) -> None:
            kernels.backward(*read, sets.host_offsets, first, last, *written)

        in_threads(work, sets.host_offsets, how_many_parts(entries.numel()))
        return to_entries, to_query
