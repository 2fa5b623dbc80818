"""Materials of several rows each, one after another: places, sums, and padding where needed."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from matdata.core.crystals import Int


class Rows:
    """Where the rows of each material of a batch are.

    Linear layers see the K rows that exist; only what needs a grid (attention) is padded, and
    masked.

    Parameters
    ----------
    offsets : (b + 1,) int64
        Where the rows of each material begin.
    host : (b + 1,) int64, optional
        The same on the host, so that no size has to be fetched from the device.
    """

    def __init__(self, offsets: Tensor, host: Int | None = None) -> None:
        self.offsets = offsets
        self.lengths = offsets[1:] - offsets[:-1]
        self.host = offsets.cpu().numpy() if host is None else host
        self.size = len(self.lengths)

    @functools.cached_property
    def owner(self) -> Tensor:
        """Material of each row, (K,) int64."""
        return torch.repeat_interleave(self.lengths, output_size=int(self.host[-1]))

    @functools.cached_property
    def place(self) -> Tensor:
        """Position of each row in its material, (K,) int64."""
        return torch.arange(len(self.owner), device=self.offsets.device) - self.start[self.owner]

    @property
    def start(self) -> Tensor:
        """First row of each material, (b,) int64."""
        return self.offsets[:-1]

    @functools.cached_property
    def longest(self) -> int:
        """Most rows of a material."""
        return int(self.host_lengths.max()) if self.size else 0

    @property
    def host_lengths(self) -> Int:
        """Rows of each material, (b,), on the host."""
        return np.diff(self.host)

    @functools.cached_property
    def mask(self) -> Tensor:
        """True where a row is, (b, longest)."""
        steps = torch.arange(self.longest, device=self.offsets.device)
        return steps[None, :] < self.lengths[:, None]

    @functools.cached_property
    def _grid(self) -> Tensor:
        steps = torch.arange(self.longest, device=self.offsets.device)
        return torch.where(self.mask, self.start[:, None] + steps[None, :], 0)

    def padded(self, values: Tensor) -> Tensor:
        """Rows (K, ...) as (b, longest, ...), zero where none is."""
        mask = self.mask.reshape(*self.mask.shape, *(1,) * (values.dim() - 1))
        return torch.where(mask, values[self._grid], 0.0)

    def packed(self, grid: Tensor) -> Tensor:
        """The rows (K, ...) of a grid (b, longest, ...)."""
        return grid[self.owner, self.place]

    def sum(self, values: Tensor) -> Tensor:
        """Sum over the rows of each material, (K, ...) to (b, ...)."""
        zeros = values.new_zeros((self.size, *values.shape[1:]))
        return zeros.index_add(0, self.owner, values)

    def mean(self, values: Tensor) -> Tensor:
        """Mean over the rows of each material, (K, ...) to (b, ...); 0 where there are none."""
        count = self.lengths.clamp(min=1).to(values.dtype)
        return self.sum(values) / count.reshape(-1, *(1,) * (values.dim() - 1))

    def softmax(self, scores: Tensor) -> Tensor:
        """Softmax over the rows of each material, column by column, (K, ...).

        The true maximum of each material is taken off first, so no score is too large.
        """
        mask = self.mask.reshape(*self.mask.shape, *(1,) * (scores.dim() - 1))
        grid = torch.where(mask, scores[self._grid], float("-inf"))
        highest = grid.detach().amax(1)
        shares = torch.exp(scores - highest[self.owner])
        return shares / self.sum(shares)[self.owner]

    def shifted(self, values: Tensor, step: int) -> Tensor:
        """The row `step` places further in the same material, zero beyond its ends, (K, ...)."""
        if step == 0:
            return values
        wanted = self.place + step
        inside = (wanted >= 0) & (wanted < self.lengths[self.owner])
        index = torch.where(inside, self.start[self.owner] + wanted, 0)
        inside = inside.reshape(-1, *(1,) * (values.dim() - 1))
        return torch.where(inside, values[index], 0.0)
