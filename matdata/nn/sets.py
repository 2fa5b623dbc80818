"""Sets of nodes: the elements of a composition, the orbits of a labelling."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True, eq=False)
class Sets:
    """Which nodes form a set.

    Attributes
    ----------
    offsets : (b + 1,) int64
        Where the nodes of each set begin.
    owner : (n,) int64
        Set of each node.
    """

    offsets: Tensor
    owner: Tensor

    @classmethod
    def of(cls, entries: Any, level: str) -> Sets:
        """The sets that the entries of a ragged level of a batch's input form."""
        return cls(entries.offsets[level], entries.owner(level))

    @property
    def count(self) -> int:
        """Number of sets."""
        return len(self.offsets) - 1

    @functools.cached_property
    def lengths(self) -> Tensor:
        """Nodes of each set, (b,)."""
        return self.offsets[1:] - self.offsets[:-1]

    @functools.cached_property
    def pair_offsets(self) -> Tensor:
        """Where the pairs of each set begin, (b + 1,)."""
        return F.pad(torch.cumsum(self.lengths**2, 0), (1, 0))

    @functools.cached_property
    def pairs(self) -> tuple[Tensor, Tensor]:
        """First and second node of each pair, two (P,), sorted by the first."""
        chosen = torch.repeat_interleave(self.lengths**2)
        place = torch.arange(len(chosen), device=chosen.device) - self.pair_offsets[chosen]
        begin, length = self.offsets[chosen], self.lengths[chosen]
        return begin + place // length, begin + place % length

    @functools.cached_property
    def longest(self) -> int:
        """Nodes of the largest set."""
        return int(self.lengths.max()) if self.count else 0

    @functools.cached_property
    def slots(self) -> Tensor:
        """Place of each node in a table of sets padded to the longest, (n,)."""
        place = torch.arange(len(self.owner), device=self.owner.device)
        return self.owner * self.longest + place - self.offsets[self.owner]

    @functools.cached_property
    def mask(self) -> Tensor:
        """Where that table holds a node, (b, longest)."""
        return torch.arange(self.longest, device=self.owner.device) < self.lengths[:, None]


def by_head(rows: Tensor, heads: int) -> Tensor:
    """(..., heads * k) to (..., heads, k)."""
    return rows.reshape(*rows.shape[:-1], heads, -1)
