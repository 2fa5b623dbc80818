"""From the row of a material to the columns of a model's output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class HeadLike(Protocol):
    """What a head needs of a target's columns: `matdata.training.outputs.Head`."""

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


class TrunkAndHeads(nn.Module):
    """Base of networks that end in a trunk, which all targets share, and a head for each target.

    A subclass makes its layers, calls `end_with` last, and hands rows of materials to `predict`.
    """

    trunk: nn.Module
    heads: OutputHeads

    def end_with(
        self, trunk: nn.Module, head: Callable[[int], nn.Module], heads: Sequence[HeadLike]
    ) -> None:
        """Add the last layers, under the names ``trunk`` and ``heads``.

        Parameters
        ----------
        trunk
            From rows of materials to rows that the heads read.
        head, heads
            As `OutputHeads` takes them.
        """
        self.trunk = trunk
        self.heads = OutputHeads(head, heads)

    def predict(self, rows: Tensor) -> Tensor:
        """Rows of materials (b, d) to (b, outputs): ``heads(relu(trunk(rows)))``."""
        out: Tensor = self.heads(F.relu(self.trunk(rows)))
        return out
