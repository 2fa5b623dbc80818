"""Which objective each target of a run has; importable without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from matdata.core.errors import ConfigError
from matdata.training.contract import Trainer
from matdata.training.objectives import DEFAULTS, OBJECTIVES, names_for, task_of
from matdata.training.objectives.base import Objective
from matdata.training.outputs import Head
from matdata.training.settings import TrainSettings, train_settings
from matdata.training.target import Target


def objective_of(target: Target, settings: TrainSettings) -> Objective:
    """The objective of a target: its own, else the loss of the run.

    Raises
    ------
    ConfigError
        If the objective or an option of it is unknown.
    """
    kind = OBJECTIVES.get(target.objective or settings.loss)
    defaults = {name: getattr(settings, own) for name, own in kind.loop_options.items()}
    return kind.bind(target, defaults)


def objectives_of(targets: Sequence[Target], settings: TrainSettings) -> list[Objective]:
    """The objectives of some targets, in their order."""
    return [objective_of(target, settings) for target in targets]


def heads_of(targets: Sequence[Target], settings: TrainSettings) -> tuple[Head, ...]:
    """What a model returns for these targets."""
    return tuple(Head(t.name, objective_of(t, settings).parts()) for t in targets)


def described_objectives(
    targets: Sequence[Target], settings: TrainSettings
) -> dict[str, dict[str, str]]:
    """Name and version of the objective of each target, by the target's name."""
    return {
        one.target.name: {"name": one.name, "version": one.version}
        for one in objectives_of(targets, settings)
    }


def settle_objectives(
    trainer: Trainer, given: Mapping[str, object], targets: Sequence[Target]
) -> tuple[tuple[Target, ...], TrainSettings]:
    """Settings of a run whose loss fits its targets, and targets that name theirs where it differs.

    The loss of the run is that of the targets that name no objective of their own. Targets of
    another kind (classes beside numbers) get the objective of their kind by name.

    Raises
    ------
    ConfigError
        If a loss or objective does not fit, or an option is unknown.
    """
    open_tasks = [target.task for target in targets if not target.objective]
    tasks = open_tasks or [target.task for target in targets]
    loss = str(given.get("loss", "auto"))
    fitting = [task for task in tasks if loss != "auto" and task_of(loss) == task]
    settings = train_settings(trainer, given, (fitting or tasks)[0])
    if len(set(tasks)) > 1 and given.get("monitor", "auto") == "auto":
        settings = settings.replace(monitor="loss")
    settled = tuple(_settled(target, settings) for target in targets)
    for target in settled:
        objective_of(target, settings)  # wrong options are reported before anything is read
    return settled, settings


def _settled(target: Target, settings: TrainSettings) -> Target:
    """The target with its objective, which is unnamed where it is the loss of the run."""
    chosen = target.objective
    if not chosen and task_of(settings.loss) != target.task:
        chosen = DEFAULTS[target.task]
    if chosen and task_of(chosen) != target.task:
        raise ConfigError(
            f"objective {chosen!r} of {target.name} learns a {task_of(chosen)}, not a "
            f"{target.task}",
            next_step="choose " + ", ".join(names_for(target.task)),
        )
    return replace(target, objective="" if chosen == settings.loss else chosen)
