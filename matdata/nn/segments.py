"""Sums, means, maxima and softmax over segments: the entries that belong to one material or site.

All take ``index`` (n,), the segment of each entry, which need not be sorted, and ``count``, the
number of segments. All can be differentiated, and mapped over stacked values (`torch.func.vmap`)
while the index stays one.
"""

from __future__ import annotations

import torch
from torch import Tensor


def _spread(index: Tensor, like: Tensor) -> Tensor:
    """The index with a trailing axis for each one of the values."""
    return index.view(-1, *[1] * (like.dim() - 1)).expand_as(like)


def segment_sum(values: Tensor, index: Tensor, count: int) -> Tensor:
    """Sum of each segment, (count, ...); 0 where a segment has no entries."""
    return values.new_zeros(count, *values.shape[1:]).index_add(0, index, values)


def segment_mean(values: Tensor, index: Tensor, count: int) -> Tensor:
    """Mean of each segment, (count, ...); 0 where a segment has no entries."""
    number = torch.bincount(index, minlength=count).clamp(min=1).to(values.dtype)
    return segment_sum(values, index, count) / number.view(-1, *[1] * (values.dim() - 1))


def segment_max(values: Tensor, index: Tensor, count: int) -> Tensor:
    """Largest value of each segment, (count, ...); 0 where a segment has no entries.

    The gradient is shared evenly by entries that tie.
    """
    start = values.new_zeros(count, *values.shape[1:])
    return start.scatter_reduce(0, _spread(index, values), values, "amax", include_self=False)


def segment_softmax(
    scores: Tensor, index: Tensor, count: int, log_weights: Tensor | None = None
) -> Tensor:
    """Softmax within each segment, weighted: ``w_i exp(f_i) / sum_k w_k exp(f_k)``.

    The weighted softmax of Roost (Goodall 2022, eq. 4.3). The true maximum of each segment is taken
    off first, so scores of any size give finite shares.

    Parameters
    ----------
    scores : (n, ...)
        Unnormalised scores f.
    index : (n,) int64
        Segment of each entry.
    count
        Number of segments.
    log_weights : broadcastable to scores, optional
        Logarithms of the weights w.
    """
    if log_weights is not None:
        scores = scores + log_weights
    top = segment_max(scores.detach(), index, count)
    raised = torch.exp(scores - top.index_select(0, index))
    return raised / segment_sum(raised, index, count).index_select(0, index)
