"""Validation: loss and errors of each member over a whole part, averaged per target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from matdata.load.batch import Batch
from matdata.training.engine import Engine
from matdata.training.objectives.base import TINY
from matdata.training.objectives.combined import weighted_sum


@dataclass(frozen=True)
class Validation:
    """What a part gives for the active members.

    Attributes
    ----------
    loss : (m,)
        Mean loss over known targets.
    error : (m,)
        Mean over the targets of `by_target`.
    by_target : (m, t)
        Mean error of each target by its objective: the absolute error in normalised units of
        numbers, the share of wrong classes.
    """

    loss: list[float]
    error: list[float]
    by_target: list[list[float]]

    def monitored(self, monitor: str) -> list[float]:
        """The values by which epochs are compared."""
        return self.loss if monitor == "loss" else self.error


@torch.no_grad()
def validate(engine: Engine, batches: Iterable[Batch]) -> Validation:
    """Run the active members over a part."""
    objectives = engine.recipe.objectives
    losses: Tensor | float = 0.0
    weights: Tensor | float = 0.0
    wrong: Tensor | float = 0.0
    counts: Tensor | float = 0.0
    for batch in batches:
        outputs = engine.outputs(batch)
        present = objectives.present(batch)
        total, weight = weighted_sum(objectives.losses(outputs, batch), present)
        errors = objectives.errors(outputs, batch)
        losses, weights = losses + total.double(), weights + weight.double()
        wrong = wrong + torch.where(present, errors, 0.0).double().sum(-2)
        counts = counts + present.double().sum(0)
    assert isinstance(losses, Tensor)
    assert isinstance(wrong, Tensor)
    assert isinstance(weights, Tensor)
    assert isinstance(counts, Tensor)
    by_target = wrong / counts.clamp(min=TINY)
    return Validation(
        (losses / weights.clamp(min=TINY)).tolist(), by_target.mean(-1).tolist(), by_target.tolist()
    )
