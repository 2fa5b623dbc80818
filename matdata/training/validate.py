"""Validation: loss and errors of each member over a whole part, weighed by entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from matdata.load.batch import Batch
from matdata.training.contract import Schema
from matdata.training.engine import TINY, Engine
from matdata.training.losses import means_and_spreads, weighed_sum


@dataclass(frozen=True)
class Validation:
    """What a part says of the active members.

    Attributes
    ----------
    loss : (m,)
        Mean loss over known targets.
    error : (m,)
        Mean over target columns of the mean absolute error in normalised units; for classes the
        share of wrong ones.
    by_target : (m, t)
        The same of each target, normalised.
    """

    loss: list[float]
    error: list[float]
    by_target: list[list[float]]

    def monitored(self, monitor: str) -> list[float]:
        """The values by which epochs are compared."""
        return self.loss if monitor == "loss" else self.error


@torch.no_grad()
def validate(engine: Engine, batches: Iterable[Batch], schema: Schema) -> Validation:
    """Run the active members over a part."""
    recipe = engine.recipe
    losses: Tensor | float = 0.0
    weights: Tensor | float = 0.0
    wrong: Tensor | float = 0.0
    known: Tensor | float = 0.0
    for batch in batches:
        outputs = engine.outputs(batch)
        total, weight = weighed_sum(recipe.entries(outputs, batch.targets), batch.mask)
        errors = _errors(outputs, batch.targets, engine, schema)
        losses, weights = losses + total.double(), weights + weight.double()
        wrong = wrong + torch.where(batch.mask, errors, 0.0).double().sum(-2)
        known = known + batch.mask.double().sum(0)
    assert isinstance(losses, Tensor)
    assert isinstance(wrong, Tensor)
    assert isinstance(weights, Tensor)
    assert isinstance(known, Tensor)
    by_target = wrong / known.clamp(min=TINY)
    return Validation(
        (losses / weights.clamp(min=TINY)).tolist(), by_target.mean(-1).tolist(), by_target.tolist()
    )


def _errors(outputs: Tensor, targets: Tensor, engine: Engine, schema: Schema) -> Tensor:
    """Absolute errors, or 1 where the class is wrong: (m, b, t)."""
    if engine.recipe.settings.loss != "cross_entropy":
        means, _ = means_and_spreads(outputs, engine.recipe.settings, schema)
        return (means - targets).abs()
    parts = torch.split(outputs, [target.size for target in schema.targets], -1)
    found = torch.stack([part.argmax(-1) for part in parts], -1)
    return (found != targets.to(torch.int64)).to(outputs.dtype)
