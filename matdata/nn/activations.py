"""The shifted softplus of MEGNet and SchNet, and a linear layer on it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matdata.nn.cpu.onednn_linear import linear

#: What it takes off, so that it is 0 at 0.
SHIFT = math.log(2.0)


def shifted_softplus(rows: Tensor) -> Tensor:
    """``ln(e^x + 1) - ln 2`` (C. Chen et al. 2019, eq. 9; K. T. Schütt et al. 2017).

    Both terms are near each other where `rows` are small, so the difference is taken in float32
    where `rows` have 16 bits.
    """
    if rows.dtype in (torch.float16, torch.bfloat16):
        return (F.softplus(rows.float()) - SHIFT).to(rows.dtype)
    return F.softplus(rows) - SHIFT


def linear_of_softplus(layer: nn.Linear, rows: Tensor) -> Tensor:
    """A linear layer with a bias on the shifted softplus of rows (..., k), to (..., m).

    The shift is part of the bias: ``W (s - c) + b`` is ``W s + (b - c W 1)``, which saves a pass
    over all rows. Not in 16 bits, where ``W s`` would lose what the shift leaves.
    """
    if rows.dtype in (torch.float16, torch.bfloat16):
        return linear(shifted_softplus(rows), layer.weight, layer.bias)
    bias = layer.bias - SHIFT * layer.weight.sum(1)
    return linear(F.softplus(rows), layer.weight, bias)
