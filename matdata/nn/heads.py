"""From the row of a material to the columns of a model's output."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class OutputHeads(nn.Module):
    """A network for each target; their outputs are the means of all, then the spreads of all.

    Parameters
    ----------
    make
        ``make(width)`` returns a network whose output has that width.
    sizes
        Numbers of each target.
    outputs
        Columns: the sum of `sizes`, or twice that with spreads.
    """

    def __init__(
        self, make: Callable[[int], nn.Module], sizes: Sequence[int], outputs: int
    ) -> None:
        super().__init__()
        self.sizes, self.spreads = tuple(sizes), outputs == 2 * sum(sizes)
        self.heads = nn.ModuleList(make(size * (1 + self.spreads)) for size in sizes)

    def forward(self, rows: Tensor) -> Tensor:
        """(b, d) to (b, outputs)."""
        made = [head(rows) for head in self.heads]
        if not self.spreads:
            return torch.cat(made, 1)
        halves = [out.split(size, 1) for out, size in zip(made, self.sizes, strict=True)]
        return torch.cat([mean for mean, _ in halves] + [spread for _, spread in halves], 1)


class TrunkAndHeads(nn.Module):
    """Base of networks that end in a trunk, which all targets share, and a head for each target.

    A subclass makes its layers, calls `end_with` last, and hands rows of materials to `predict`.
    """

    trunk: nn.Module
    heads: OutputHeads

    def end_with(
        self,
        trunk: nn.Module,
        head: Callable[[int], nn.Module],
        sizes: Sequence[int],
        outputs: int,
    ) -> None:
        """Add the last layers, under the names ``trunk`` and ``heads``.

        Parameters
        ----------
        trunk
            From rows of materials to rows that the heads read.
        head, sizes, outputs
            As `OutputHeads` takes them.
        """
        self.trunk = trunk
        self.heads = OutputHeads(head, sizes, outputs)

    def predict(self, rows: Tensor) -> Tensor:
        """Rows of materials (b, d) to (b, outputs): ``heads(relu(trunk(rows)))``."""
        out: Tensor = self.heads(F.relu(self.trunk(rows)))
        return out
