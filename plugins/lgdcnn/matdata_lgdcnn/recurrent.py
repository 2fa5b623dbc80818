"""Bidirectional recurrent layers over the elements of each material, without empty slots.

Materials are taken longest first; step t updates those that have more than t elements, forwards
from their first and backwards from their last, both directions in one product. Nothing is padded,
so nothing can leak from padding, and the layers can be mapped over stacked weights.
"""

from __future__ import annotations

import functools
from typing import ClassVar

import torch
from torch import Tensor, nn

from matdata.plugin.nn import Segments


class Steps:
    """Which rows are read at each step, in both directions."""

    def __init__(self, rows: Segments) -> None:
        lengths = rows.host_lengths
        self.order = torch.argsort(rows.lengths, descending=True, stable=True)
        #: Materials that have more than so many elements.
        self.sizes = [int((lengths > step).sum()) for step in range(rows.longest)]
        first, last = rows.offsets[:-1][self.order], rows.offsets[1:][self.order] - 1
        #: Row of each entry of each step: forwards and backwards, (2, n) a step.
        self.reads = [
            torch.stack([first[:size] + step, last[:size] - step])
            for step, size in enumerate(self.sizes)
        ]

    @functools.cached_property
    def back(self) -> Tensor:
        """Where each row's state is among the states of all steps, (2, K)."""
        return torch.argsort(torch.cat(self.reads, 1), 1)


def _lstm(x: Tensor, h: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """Hochreiter and Schmidhuber 1997: gates i, f, g, o of ``x + h``, which are summed."""
    i, f, g, o = (x + h).chunk(4, -1)
    memory = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(memory), memory


def _gru(x: Tensor, h: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """Cho et al. 2014, with the reset gate after the product, as torch and cuDNN have it."""
    rx, zx, nx = x.chunk(3, -1)
    rh, zh, nh = h.chunk(3, -1)
    update = torch.sigmoid(zx + zh)
    fresh = torch.tanh(nx + torch.sigmoid(rx + rh) * nh)
    return fresh + update * (state[0] - fresh), state[1]


def _rnn(x: Tensor, h: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    return torch.tanh(x + h), state[1]


class Recurrent(nn.Module):
    """One bidirectional layer: ``lstm``, ``gru`` or ``rnn``.

    Parameters
    ----------
    kind
        Cell.
    width
        Columns of the input.
    hidden
        Columns of a state; the output has twice as many, forwards first.
    """

    GATES: ClassVar[dict[str, int]] = {"lstm": 4, "gru": 3, "rnn": 1}

    def __init__(self, kind: str, width: int, hidden: int) -> None:
        super().__init__()
        self.kind, self.hidden = kind, hidden
        rows = self.GATES[kind] * hidden
        bound = hidden**-0.5

        def uniform(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))

        self.weight_in = uniform(2, rows, width)
        self.weight_hidden = uniform(2, rows, hidden)
        self.bias_in = uniform(2, 1, rows)
        self.bias_hidden = uniform(2, 1, rows)

    def forward(self, values: Tensor, steps: Steps) -> Tensor:
        """From rows (K, width) to (K, 2 hidden)."""
        cell = {"lstm": _lstm, "gru": _gru, "rnn": _rnn}[self.kind]
        inputs = values @ self.weight_in.transpose(1, 2) + self.bias_in
        weight = self.weight_hidden.transpose(1, 2)
        state = values.new_zeros(2, 2, steps.sizes[0] if steps.sizes else 0, self.hidden)
        outputs = []
        for size, read in zip(steps.sizes, steps.reads, strict=True):
            state = state[:, :, :size]
            x = torch.stack([inputs[0][read[0]], inputs[1][read[1]]])
            h = state[0] @ weight + self.bias_hidden
            output, memory = cell(x, h, state)
            state = torch.stack([output, memory])
            outputs.append(output)
        joined = torch.cat(outputs, 1)
        return torch.cat([joined[0][steps.back[0]], joined[1][steps.back[1]]], 1)
