"""Losses, as sums over known entries and the weight of these, for any number of members.

Every function takes outputs (..., b, o) and targets (b, t) and returns entries (..., b, t); the
leading axis of the outputs, if there is one, is the members of an ensemble.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from matdata.training.contract import Schema, Target
from matdata.training.settings import ROBUST, TrainSettings

SQRT2 = math.sqrt(2.0)
LossEntries: TypeAlias = Callable[[Tensor, Tensor], Tensor]


def split_spread(outputs: Tensor) -> tuple[Tensor, Tensor]:
    """Means and log standard deviations, (..., b, t) each, of a model's outputs (..., b, 2t)."""
    mean, log_spread = outputs.chunk(2, -1)
    return mean, log_spread


def robust_l1(outputs: Tensor, targets: Tensor) -> Tensor:
    """``sqrt(2) |y - mu| / s + log s``: Goodall 2022, eq. 2.6 (Laplace likelihood)."""
    mean, log_spread = split_spread(outputs)
    return SQRT2 * (mean - targets).abs() * torch.exp(-log_spread) + log_spread


def robust_l2(outputs: Tensor, targets: Tensor) -> Tensor:
    """``(y - mu)^2 / (2 s^2) + log s``: Gaussian likelihood (Nix and Weigend 1994, eq. 3)."""
    mean, log_spread = split_spread(outputs)
    return 0.5 * (mean - targets) ** 2 * torch.exp(-2.0 * log_spread) + log_spread


def l1(outputs: Tensor, targets: Tensor) -> Tensor:
    """``|y - mu|``."""
    return (outputs - targets).abs()


def mse(outputs: Tensor, targets: Tensor) -> Tensor:
    """``(y - mu)^2``."""
    return (outputs - targets) ** 2


def huber(delta: float) -> LossEntries:
    """``(y - mu)^2 / 2`` up to delta, then ``delta (|y - mu| - delta / 2)`` (Huber 1964)."""

    def entries(outputs: Tensor, targets: Tensor) -> Tensor:
        error = (outputs - targets).abs()
        return torch.where(error <= delta, 0.5 * error**2, delta * (error - 0.5 * delta))

    return entries


def cross_entropy(kinds: Sequence[Target]) -> LossEntries:
    """Cross-entropy of each classification target; targets (b, t) are indices of classes."""
    sizes = [kind.size for kind in kinds]

    def entries(outputs: Tensor, targets: Tensor) -> Tensor:
        columns = []
        for place, logits in enumerate(torch.split(outputs, sizes, -1)):
            index = targets[:, place].to(torch.int64)
            logs = functional.log_softmax(logits, -1)
            columns.append(-logs.gather(-1, index.expand(logs.shape[:-1])[..., None]).squeeze(-1))
        return torch.stack(columns, -1)

    return entries


def loss_entries(settings: TrainSettings, targets: Sequence[Target]) -> LossEntries:
    """The loss that the settings name."""
    if settings.loss == "cross_entropy":
        return cross_entropy(targets)
    if settings.loss == "huber":
        return huber(settings.huber_delta)
    known = {"robust_l1": robust_l1, "robust_l2": robust_l2, "l1": l1, "mse": mse}
    return known[settings.loss]


def outputs_for(settings: TrainSettings, targets: Sequence[Target]) -> int:
    """Columns that a model returns: `Schema.outputs`."""
    total = sum(target.size for target in targets)
    return 2 * total if settings.loss in ROBUST else total


def weighed_sum(
    entries: Tensor, mask: Tensor, weights: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Sum over known entries and sum of their weights.

    Parameters
    ----------
    entries : (..., b, t)
        Loss of each entry.
    mask : (b, t) bool
        Where the target is known.
    weights : (b,), optional
        Weights of the materials.

    Returns
    -------
    total : (...,)
    weight : scalar
    """
    factor = mask.to(entries.dtype)
    if weights is not None:
        factor = factor * weights[:, None]
    # an unknown target may meet an infinite loss; zero times that is not zero
    return torch.where(mask, entries * factor, 0.0).sum((-2, -1)), factor.sum()


def means_and_spreads(
    outputs: Tensor, settings: TrainSettings, schema: Schema
) -> tuple[Tensor, Tensor | None]:
    """What outputs (..., b, o) say: means (or class probabilities) and standard deviations."""
    if settings.loss in ROBUST:
        mean, log_spread = split_spread(outputs)
        return mean, torch.exp(log_spread)
    if settings.loss == "cross_entropy":
        parts = torch.split(outputs, [target.size for target in schema.targets], -1)
        return torch.cat([part.softmax(-1) for part in parts], -1), None
    return outputs, None
