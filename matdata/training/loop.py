"""The one training loop: steps, validation, early stopping, checkpoints, and a halt at NaN."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from matdata.core.console import SILENT, Console
from matdata.core.errors import DivergenceError
from matdata.load.loader import Loader
from matdata.training.engine import Engine, Weights
from matdata.training.logs import LogRow
from matdata.training.progress import Progress
from matdata.training.schedule import Schedule
from matdata.training.validate import Validation, validate

#: Steps between looks at the losses where looking waits for the device.
LOOK_EVERY = 64
NAMED_IDS = 8


@dataclass
class Loop:
    """Trains the members of an engine.

    Attributes
    ----------
    engine
        The members.
    train, valid
        Loaders; `valid` is None if the last epoch is kept.
    save
        Called with the loop when a checkpoint is due.
    log
        Called with the numbers of each epoch.
    usable
        Whether weights were saved that predictions can be made with.
    stop_after
        Steps after which it stops with a checkpoint, to go on another time; None for the end.
    """

    engine: Engine
    train: Loader
    valid: Loader | None
    save: Callable[[Loop], None]
    log: Callable[[LogRow], None]
    console: Console = SILENT
    progress: Progress = field(default_factory=Progress)
    best: Weights = field(default_factory=dict)
    average: Weights = field(default_factory=dict)
    usable: bool = False
    stop_after: int | None = None

    def __post_init__(self) -> None:
        self.settings = self.engine.recipe.settings
        if not self.progress.members:
            self.progress = Progress.start(self.engine.members)
        self.per_epoch = len(self.train)
        self.total = self.settings.steps or self.settings.epochs * self.per_epoch
        self.schedule = Schedule(self.settings, self.total, self.per_epoch)
        self._sums = torch.tensor(
            self.progress.loss_sums, dtype=torch.float64, device=self.engine.recipe.device
        )
        self._unseen: list[tuple[int, int, Tensor, Tensor]] = []
        self._saved = time.monotonic()
        self._immediate = self.engine.recipe.device.type == "cpu"

    @property
    def over(self) -> bool:
        """Whether all steps or epochs are done or all members stopped."""
        progress, settings = self.progress, self.settings
        # under a budget epochs differ in steps, and `total` is a guess from the first one
        done = (
            progress.step >= settings.steps if settings.steps else progress.epoch >= settings.epochs
        )
        return done or not self.engine.active

    @property
    def _halts(self) -> bool:
        """Whether it is to stop here, before the end."""
        return (
            self.stop_after is not None and self.progress.step >= self.stop_after and not self.over
        )

    def resume(self, progress: Progress) -> None:
        """Go on from a progress that was saved; members that stopped leave the engine."""
        self.progress = progress
        self._sums = self._sums.new_tensor(progress.loss_sums)
        for member, own in enumerate(progress.members):
            if own.stopped is not None:
                self.engine.stop(member)

    def run(self) -> None:
        """Train to the end, from wherever the progress stands.

        Raises
        ------
        DivergenceError
            If a loss, an error of the validation or a weight is not finite.
        """
        while not self.over:
            started = time.perf_counter()
            active = list(self.engine.active)
            self._epoch()
            if self.progress.batch:  # stopped within the epoch
                return
            value = self._validate()
            self._average()
            self.progress.seconds += time.perf_counter() - started
            self._report(value, active)
            if self._halts:
                self.checkpoint()
                return
            if not self.over:
                self._save_if_due()
        self._finish()

    def _epoch(self) -> None:
        progress = self.progress
        batches = len(self.train)
        what, total = f"epoch {progress.epoch + 1}", len(self.train.ids)
        processes = self.engine.recipe.group.size
        bar = self.console.bar(
            self.train, what, total, progress.seen, size=lambda batch: len(batch) * processes
        )
        for batch in bar:
            # the loader has counted this batch, so a checkpoint made now would lose it
            losses = self.engine.step(batch, self.rates())
            size = len(batch) * processes
            self._add(losses, size)
            progress.seen += size
            progress.step += 1
            progress.batch += 1
            if not self._immediate or not math.isfinite(float(losses.sum())):
                self._unseen.append((progress.step, progress.batch, batch.rows, losses))
            if len(self._unseen) >= LOOK_EVERY or (self._immediate and self._unseen):
                self._look()
            if self.over:
                break
            if progress.batch < batches:
                if self._halts:
                    self.checkpoint()
                    return
                self._save_if_due()
        self._look()
        progress.epoch += 1
        progress.batch = 0

    def _add(self, losses: Tensor, size: int) -> None:
        if len(losses) == self.engine.members:
            self._sums += losses * size
        else:
            self._sums[self.engine.active] += losses.double() * size

    def rates(self) -> list[float]:
        """Learning rates of the active members."""
        base = self._rate(self.progress.step)
        return [base * self.progress.members[member].factor for member in self.engine.active]

    def _rate(self, step: int) -> float:
        return self.settings.lr * self.schedule.factor(min(step, self.total - 1))

    def _look(self) -> None:
        """Raise if a loss since the last look is not a finite number."""
        if not self._unseen:
            return
        finite = torch.stack([losses.isfinite().all() for *_, losses in self._unseen])
        if bool(finite.all()):
            self._unseen.clear()
            return
        step, number, rows, losses = self._unseen[int(finite.to(torch.int8).argmin())]
        ids = [str(name) for name in self.train.ids[rows.cpu().numpy()]]
        where = f"step {step} (batch {number} of epoch {self.progress.epoch + 1}"
        raise _not_finite(where, ids, losses, self.usable)

    def _validate(self) -> Validation | None:
        if self.valid is None:
            return None
        value = validate(self.engine, self.valid)
        # all processes see the same part; one decides the numbers
        monitored = self.engine.recipe.group.shared(value.monitored(self.settings.monitor))
        if not all(map(math.isfinite, monitored)):
            raise _spoilt(f"the validation of epoch {self.progress.epoch}", self.usable)
        active = list(self.engine.active)
        weights: Weights | None = None
        for member, number in zip(active, monitored, strict=True):
            own = self.progress.members[member]
            if own.observe(number, self.progress.epoch, self.settings):
                weights = weights or self.engine.weights()
                self._keep(weights, member)
        for member in active:
            if self.progress.members[member].stopped is not None:
                self.engine.stop(member)
        return value

    def _keep(self, weights: Weights, member: int) -> None:
        if not self.best:
            self.best = {name: value.clone() for name, value in weights.items()}
        for name, value in weights.items():
            self.best[name][member] = value[member]

    def _average(self) -> None:
        progress, settings = self.progress, self.settings
        share = (
            progress.step / settings.steps if settings.steps else progress.epoch / settings.epochs
        )
        if not self.settings.swa or share <= 1.0 - self.settings.swa:
            return
        weights = self.engine.weights()
        self.progress.averaged += 1
        for name, value in weights.items():
            if value.is_floating_point() and name in self.average:
                mean = self.average[name]
                self.average[name] = mean + (value - mean) / self.progress.averaged
            else:
                self.average[name] = value

    def _report(self, value: Validation | None, active: list[int]) -> None:
        progress = self.progress
        sums = self.engine.recipe.group.sum(self._sums) / max(progress.seen, 1)
        row: LogRow = {
            "epoch": progress.epoch,
            "step": progress.step,
            "lr": self._rate(max(progress.step - 1, 0)),
            "train_loss": float(sums[active].mean()),
        }
        if value is not None:
            row["val_loss"] = sum(value.loss) / len(value.loss)
            row["val_error"] = sum(value.error) / len(value.error)
            row["members"] = {"val_error": value.error, "val_loss": value.loss}
            row["by_target"] = value.by_target
        if self.settings.precision == "fp16":
            row["skipped_steps"] = self.engine.skipped()
        row["seconds"] = progress.seconds
        self._sums.zero_()
        progress.seen = 0
        self.log(row)

    def _save_if_due(self) -> None:
        if time.monotonic() - self._saved >= self.settings.checkpoint_seconds:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Write a checkpoint now.

        Raises
        ------
        DivergenceError
            If a loss or a weight is not finite; the last good checkpoint stays.
        """
        self._look()
        for weights in (self.engine.weights(), self.best):
            for name, value in weights.items():
                if not bool(value.isfinite().all()):
                    raise _spoilt(f"weight {name} after step {self.progress.step}", self.usable)
        self.progress.loss_sums = self._sums.tolist()
        self.save(self)
        self.usable = bool(self.best)
        self._saved = time.monotonic()

    def _finish(self) -> None:
        if self.average:
            self.best = self.average
        elif self.valid is None or not self.best:
            self.best = self.engine.weights()
        self.checkpoint()


def _spoilt(what: str, usable: bool) -> DivergenceError:
    return DivergenceError(
        f"{what} is not a finite number",
        cause="too high a learning rate, or inputs or targets far outside the others' range",
        next_step=_next_step(usable),
    )


def _next_step(usable: bool) -> str:
    if usable:
        left = "the last good checkpoint is kept and can be used for predictions"
    else:
        left = "there is no checkpoint yet that could be used for predictions"
    return f"lower --lr or set --clip 1; {left}"


def _not_finite(where: str, ids: list[str], losses: Tensor, usable: bool) -> DivergenceError:
    named = ", ".join(ids[:NAMED_IDS]) + (f", … ({len(ids)})" if len(ids) > NAMED_IDS else "")
    bad = [str(member) for member, ok in enumerate(losses.isfinite().tolist()) if not ok]
    return DivergenceError(
        f"the loss is not a finite number at {where}"
        + (f", members {', '.join(bad)}" if len(losses) > 1 else "")
        + f"); materials: {named}",
        cause="too high a learning rate, or inputs or targets far outside the others' range",
        next_step=_next_step(usable),
    )
