"""Learning rates as factors of the highest rate: pure functions of the step."""

from __future__ import annotations

import math
from dataclasses import dataclass

from matdata.training.settings import TrainSettings

#: onecycle begins at 1/25 of the highest rate, reaches it after 30 % of the steps and falls to a
#: 10,000th of the first rate: the values of Smith and Topin 2018 as torch and fastai ship them.
RISE, FIRST, LAST = 0.3, 1.0 / 25.0, 1e-4 / 25.0


@dataclass(frozen=True)
class Schedule:
    """Factor of the learning rate at each step.

    Attributes
    ----------
    settings
        Name of the schedule and its numbers.
    total
        Steps of the whole training.
    per_epoch
        Steps of an epoch.
    """

    settings: TrainSettings
    total: int
    per_epoch: int

    def factor(self, step: int) -> float:
        """Factor for the step with this number, from 0."""
        chosen = self.settings
        rising = round(chosen.warmup * self.total)
        if step < rising:
            risen = (step + 1) / rising
            return chosen.warmup_from + (1.0 - chosen.warmup_from) * risen
        if chosen.schedule == "exponential":
            return float(chosen.gamma ** ((step - rising) / max(self.total - rising - 1, 1)))
        if chosen.schedule == "decay":
            return float(chosen.gamma ** ((step - rising) // self.per_epoch))
        if chosen.schedule == "cosine":
            return 0.5 * (1.0 + math.cos(math.pi * (step - rising) / max(self.total - rising, 1)))
        if chosen.schedule == "cyclic":
            return _cyclic(chosen, (step - rising) / self.per_epoch / chosen.cycle)
        if chosen.schedule == "onecycle":
            return _onecycle(step / max(self.total - 1, 1))
        if chosen.schedule == "step":
            passed = sum(step >= epoch * self.per_epoch for epoch in chosen.milestones)
            return float(chosen.gamma**passed)
        return 1.0


def _cyclic(chosen: TrainSettings, passed: float) -> float:
    """Triangles between the lowest and the highest rate (Smith, WACV 2017, section 3.2).

    What a cycle rises by can fall from one to the next; his ``triangular2`` is a decay of 0.5.
    """
    number = math.floor(passed)
    height = 1.0 - abs(2.0 * (passed - number) - 1.0)
    return chosen.cycle_from + (1.0 - chosen.cycle_from) * height * chosen.cycle_decay**number


def _onecycle(done: float) -> float:
    if done < RISE:
        return _between(FIRST, 1.0, done / RISE)
    return _between(1.0, LAST, min((done - RISE) / (1.0 - RISE), 1.0))


def _between(first: float, last: float, share: float) -> float:
    return last + 0.5 * (first - last) * (1.0 + math.cos(math.pi * share))
