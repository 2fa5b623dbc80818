"""Convolutions over the elements of each material; beyond its first and last there is zero."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from matdata.plugin.nn import Linear, Segments


class Convolution(nn.Module):
    """A filter bank over `kernel` neighbouring elements, zeros beyond the ends."""

    def __init__(self, width: int, filters: int, kernel: int) -> None:
        super().__init__()
        self.reach = kernel // 2
        self.linear = Linear(kernel * width, filters)

    def forward(self, values: Tensor, rows: Segments) -> Tensor:
        """From rows (K, width) to (K, filters)."""
        if self.reach == 0:
            return self.linear(values)
        near = [rows.shifted(values, step) for step in range(-self.reach, self.reach + 1)]
        return self.linear(torch.cat(near, 1))


class Block(nn.Module):
    """ReLU, convolution, ReLU, convolution, with or without a shortcut (DPCNN, figure 1)."""

    def __init__(self, filters: int, kernel: int, residual: bool) -> None:
        super().__init__()
        self.first = Convolution(filters, filters, kernel)
        self.second = Convolution(filters, filters, kernel)
        self.residual = residual

    def forward(self, values: Tensor, rows: Segments) -> Tensor:
        """Update rows (K, filters)."""
        hidden = self.first(functional.relu(values), rows)
        out: Tensor = self.second(functional.relu(hidden), rows)
        return values + out if self.residual else out


class LocalPart(nn.Module):
    """Region embedding and convolution blocks.

    ``dcnn`` has kernels of 3 and no downsampling, ``dcnn-k1`` kernels of 1, ``dpcnn`` halves the
    number of regions before each block but the first (max pooling over 3, stride 2), ``cnn`` is
    the region embedding alone, with ReLU (Du et al., methods).
    """

    def __init__(
        self, kind: str, width: int, filters: int, kernel: int, blocks: int, residuals: list[bool]
    ) -> None:
        super().__init__()
        self.kind = kind
        kernel = 1 if kind == "dcnn-k1" else kernel
        self.region = Convolution(width, filters, kernel)
        count = 0 if kind == "cnn" else blocks + 1
        self.blocks = nn.ModuleList(
            Block(filters, kernel, residuals[min(place, 1)]) for place in range(count)
        )

    def forward(self, values: Tensor, rows: Segments) -> tuple[Tensor, Segments]:
        """Rows of elements (K, width) to rows of regions (K, filters), fewer for ``dpcnn``."""
        values = self.region(values, rows)
        if self.kind == "cnn":
            return functional.relu(values), rows
        for place, block in enumerate(self.blocks):
            if self.kind == "dpcnn" and place > 0:
                values, rows = halved(values, rows)
            values = block(values, rows)
        return values, rows


def halved(values: Tensor, rows: Segments) -> tuple[Tensor, Segments]:
    """Maximum over rows 2j, 2j + 1 and 2j + 2 of each material, as far as they exist."""
    fewer = Segments.of_lengths((rows.host_lengths + 1) // 2, rows.offsets.device)
    first = rows.start[fewer.owner] + 2 * fewer.place
    last = rows.offsets[1:][fewer.owner] - 1
    windows = [values[torch.minimum(first + step, last)] for step in range(3)]
    return torch.maximum(torch.maximum(windows[0], windows[1]), windows[2]), fewer
