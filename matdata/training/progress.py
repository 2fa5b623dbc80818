"""How far a training is, and which of its epochs was the best for each member."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Self

from matdata.core.documents import JsonMapping, JsonObject
from matdata.training.settings import TrainSettings


@dataclass
class MemberProgress:
    """What validation gave for one member.

    Attributes
    ----------
    best
        The least value of what is monitored; None before the first validation.
    best_epoch
        Epoch (from 1) that gave it.
    since
        Epochs since then: patience counts these alone.
    wait
        Epochs since the best or the last fall of a plateau schedule.
    factor
        Factor of the learning rate that a plateau schedule reached.
    stopped
        Epoch after which it stopped early, if it did.
    """

    best: float | None = None
    best_epoch: int = 0
    since: int = 0
    wait: int = 0
    factor: float = 1.0
    stopped: int | None = None

    def observe(self, value: float, epoch: int, settings: TrainSettings) -> bool:
        """Take in the value of an epoch; returns whether it is the best so far."""
        if math.isfinite(value) and (self.best is None or value < self.best):
            self.best, self.best_epoch = value, epoch
            self.since = self.wait = 0
            return True
        self.since += 1
        self.wait += 1
        if settings.schedule == "plateau" and self.wait >= settings.plateau_patience:
            self.factor *= settings.gamma
            self.wait = 0
        if settings.patience and self.since >= settings.patience:
            self.stopped = epoch
        return False


@dataclass
class Progress:
    """State of the loop beside weights and optimizers.

    Attributes
    ----------
    epoch, step
        Finished epochs and steps.
    batch
        Steps of the epoch under way.
    seconds
        Time spent on training so far, validation included.
    members
        One per member.
    loss_sums, seen
        Sum of the losses of each member over the materials seen in the epoch under way.
    averaged
        Epochs in the average of the weights.
    """

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    members: list[MemberProgress] = field(default_factory=list)
    loss_sums: list[float] = field(default_factory=list)
    seen: int = 0
    averaged: int = 0
    batch: int = 0

    @classmethod
    def start(cls, members: int) -> Self:
        """Before the first step."""
        return cls(members=[MemberProgress() for _ in range(members)], loss_sums=[0.0] * members)

    def to_json(self) -> JsonObject:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: JsonMapping) -> Self:
        """The progress that `to_json` returned."""
        members = [MemberProgress(**member) for member in values["members"]]
        return cls(**{**values, "members": members})
