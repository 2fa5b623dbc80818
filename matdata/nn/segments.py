"""Segments: entries of materials (or sites, or sets) that lie one after another.

`Segments` knows where each begins, on the device and on the host, so that no size is ever fetched
from a device. The functions below it take ``index`` (n,), the segment of each entry, which need
not be sorted, and ``count``, the number of segments.

All can be differentiated, and mapped over stacked values (`torch.func.vmap`) while the segments
stay the same.
"""

from __future__ import annotations

import functools

import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from matdata.core.crystals import Int, offsets_of


class Segments:
    """Where the entries of each segment are: sites of a crystal, elements of a formula, ….

    Parameters
    ----------
    offsets : (b + 1,) int64
        Segment `k` holds the entries ``offsets[k]`` to ``offsets[k + 1] - 1``.
    host_offsets : (b + 1,) int64, optional
        The same on the host; may be left out where `offsets` are on the host themselves.

    Raises
    ------
    ValueError
        If `offsets` are on a device and `host_offsets` are not given.
    """

    def __init__(self, offsets: Tensor, host_offsets: Int | None = None) -> None:
        if host_offsets is None:
            if offsets.device.type != "cpu":
                raise ValueError("offsets on a device need host_offsets: sizes are not fetched")
            host_offsets = offsets.numpy()
        self.offsets = offsets
        self.host_offsets: Int = host_offsets

    @classmethod
    def of_lengths(cls, lengths: npt.ArrayLike, device: torch.device | str = "cpu") -> Segments:
        """Segments of so many entries each, (b,) on the host."""
        ends = offsets_of(lengths)
        return cls(torch.from_numpy(ends).to(device, non_blocking=True), ends)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> Segments:
        """The same segments on another device; no size is fetched, and none is copied back."""
        return Segments(self.offsets.to(device, non_blocking=non_blocking), self.host_offsets)

    def __repr__(self) -> str:
        return f"Segments({self.count} segments, {self.total} entries, {self.offsets.device})"

    # sizes, from the host

    @property
    def count(self) -> int:
        """Number of segments b."""
        return len(self.host_offsets) - 1

    @property
    def total(self) -> int:
        """Number of entries n."""
        return int(self.host_offsets[-1])

    @functools.cached_property
    def host_lengths(self) -> Int:
        """Entries of each segment on the host, (b,) int64."""
        return self.host_offsets[1:] - self.host_offsets[:-1]

    @functools.cached_property
    def longest(self) -> int:
        """Entries of the longest segment; 0 where there is none."""
        return int(self.host_lengths.max(initial=0))

    # indices, on the device

    @functools.cached_property
    def lengths(self) -> Tensor:
        """Entries of each segment, (b,) int64."""
        return self.offsets[1:] - self.offsets[:-1]

    @property
    def start(self) -> Tensor:
        """First entry of each segment, (b,) int64."""
        return self.offsets[:-1]

    @functools.cached_property
    def owner(self) -> Tensor:
        """Segment of each entry, (n,) int64."""
        return torch.repeat_interleave(self.lengths, output_size=self.total)

    @functools.cached_property
    def place(self) -> Tensor:
        """Position of each entry in its segment, (n,) int64."""
        ascending = torch.arange(self.total, device=self.offsets.device)
        return ascending - self.start.index_select(0, self.owner)

    @functools.cached_property
    def pair_offsets(self) -> Tensor:
        """Where the pairs of each segment begin, (b + 1,) int64."""
        return F.pad(torch.cumsum(self.lengths**2, 0), (1, 0))

    @functools.cached_property
    def pairs(self) -> tuple[Tensor, Tensor]:
        """All ordered pairs (i, j) of entries of one segment, i = j included.

        Two (P,) int64, sorted by the first; P is the sum of the squared lengths.
        """
        count = int((self.host_lengths**2).sum())
        partners = self.lengths.index_select(0, self.owner)
        first = torch.repeat_interleave(partners, output_size=count)
        # the partners of an entry begin where its segment does
        begin = self.start.index_select(0, self.owner)
        shift = begin - (torch.cumsum(partners, 0) - partners)
        ascending = torch.arange(count, device=self.offsets.device)
        return first, ascending + shift.index_select(0, first)

    @functools.cached_property
    def distinct_pairs(self) -> tuple[Tensor, Tensor]:
        """All ordered pairs (i, j) of different entries of one segment.

        Two (E,) int64, sorted by the first; E is the sum of n (n - 1) over segments of n entries.
        """
        count = int((self.host_lengths * (self.host_lengths - 1)).sum())
        partners = self.lengths.index_select(0, self.owner) - 1
        first = torch.repeat_interleave(partners, output_size=count)
        ascending = torch.arange(count, device=self.offsets.device)
        number = ascending - (torch.cumsum(partners, 0) - partners).index_select(0, first)
        # the entry itself is passed over
        number = number + (number >= self.place.index_select(0, first))
        begin = self.start.index_select(0, self.owner)
        return first, begin.index_select(0, first) + number

    # a grid, padded to the longest segment

    @functools.cached_property
    def mask(self) -> Tensor:
        """Where the grid holds an entry, (b, longest) bool."""
        steps = torch.arange(self.longest, device=self.offsets.device)
        return steps[None, :] < self.lengths[:, None]

    @functools.cached_property
    def slots(self) -> Tensor:
        """Place of each entry in the flattened grid, (n,) int64."""
        return self.owner * self.longest + self.place

    def padded(self, values: Tensor) -> Tensor:
        """Entries (n, ...) as a grid (b, longest, ...), zero where there is none."""
        empty = values.new_zeros(self.count * self.longest, *values.shape[1:])
        filled = empty.index_copy(0, self.slots, values)
        return filled.reshape(self.count, self.longest, *values.shape[1:])

    def packed(self, grid: Tensor) -> Tensor:
        """The entries (n, ...) of a grid (b, longest, ...)."""
        return grid.flatten(0, 1).index_select(0, self.slots)

    # what is computed of values

    def sum(self, values: Tensor) -> Tensor:
        """Sum over each segment, (n, ...) to (b, ...); 0 where one has no entries."""
        return segment_sum(values, self.owner, self.count)

    def mean(self, values: Tensor) -> Tensor:
        """Mean over each segment, (n, ...) to (b, ...); 0 where one has no entries."""
        number = self.lengths.clamp(min=1).to(values.dtype)
        return self.sum(values) / number.reshape(-1, *[1] * (values.dim() - 1))

    def max(self, values: Tensor) -> Tensor:
        """Largest value of each segment, (n, ...) to (b, ...); see `segment_max`."""
        return segment_max(values, self.owner, self.count)

    def softmax(self, scores: Tensor, log_weights: Tensor | None = None) -> Tensor:
        """Softmax within each segment, weighted, (n, ...) to (n, ...); see `segment_softmax`."""
        return segment_softmax(scores, self.owner, self.count, log_weights)

    def shifted(self, values: Tensor, step: int) -> Tensor:
        """The entry `step` places further in the same segment, zero beyond its ends, (n, ...)."""
        if step == 0:
            return values
        wanted = self.place + step
        inside = (wanted >= 0) & (wanted < self.lengths.index_select(0, self.owner))
        index = torch.where(inside, self.start.index_select(0, self.owner) + wanted, 0)
        inside = inside.reshape(-1, *[1] * (values.dim() - 1))
        return torch.where(inside, values.index_select(0, index), 0.0)


def _trailing(index: Tensor, like: Tensor) -> Tensor:
    """The index with a trailing axis for each one of the values."""
    return index.view(-1, *[1] * (like.dim() - 1)).expand_as(like)


def segment_sum(values: Tensor, index: Tensor, count: int) -> Tensor:
    """Sum of each segment, (count, ...); 0 where a segment has no entries."""
    return values.new_zeros(count, *values.shape[1:]).index_add(0, index, values)


def segment_mean(values: Tensor, index: Tensor, count: int) -> Tensor:
    """Mean of each segment, (count, ...); 0 where a segment has no entries."""
    # not `bincount`, which fetches the largest index from a GPU
    ones = torch.ones(len(index), dtype=values.dtype, device=index.device)
    number = segment_sum(ones, index, count).clamp(min=1)
    return segment_sum(values, index, count) / number.view(-1, *[1] * (values.dim() - 1))


def segment_max(values: Tensor, index: Tensor, count: int) -> Tensor:
    """Largest value of each segment, (count, ...); 0 where a segment has no entries.

    The gradient is shared evenly by entries that tie.
    """
    start = values.new_zeros(count, *values.shape[1:])
    return start.scatter_reduce(0, _trailing(index, values), values, "amax", include_self=False)


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
