"""From the row of a material to the columns of a model's output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn


class HeadLike(Protocol):
    """What is to be known of a target's columns: `matdata.training.outputs.Head`."""

    @property
    def parts(self) -> tuple[int, ...]:
        """Widths of its parts."""
        ...


class OutputHeads(nn.Module):
    """A network for each target.

    Their outputs are ordered by part: the means of all targets, then the logarithms of standard
    deviations of those whose objective declares such.

    Parameters
    ----------
    make
        ``make(width)`` returns a network whose output has that width.
    heads
        What the objectives declare, `Schema.heads`.
    """

    def __init__(self, make: Callable[[int], nn.Module], heads: Sequence[HeadLike]) -> None:
        super().__init__()
        self.parts = tuple(head.parts for head in heads)
        self.heads = nn.ModuleList(make(sum(parts)) for parts in self.parts)

    def forward(self, rows: Tensor) -> Tensor:
        """(b, d) to (b, outputs)."""
        outputs = [head(rows) for head in self.heads]
        longest = max(map(len, self.parts))
        if longest == 1:
            return torch.cat(outputs, 1)
        split = [out.split(parts, 1) for out, parts in zip(outputs, self.parts, strict=True)]
        return torch.cat([own[k] for k in range(longest) for own in split if k < len(own)], 1)
