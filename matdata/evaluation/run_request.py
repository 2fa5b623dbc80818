"""What requests about runs have in common: the run, settings, materials, files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from matdata.adapters.schedulers import workers_on
from matdata.core.cache import cache_dir
from matdata.core.errors import ConfigError
from matdata.core.executors import SEQUENTIAL, Workers
from matdata.core.given import require_name
from matdata.core.options import Values
from matdata.core.scheduler_names import check_scheduler
from matdata.evaluation.derive.base import Derivation
from matdata.training.contract import FitTrainer
from matdata.training.prediction_files import require_format
from matdata.training.prediction_settings import OF_PREDICTION, prediction_settings
from matdata.training.run import Run
from matdata.training.run_lookup import find_run
from matdata.training.settings import require_honoured

#: Options that are no settings of the loop.
LOOK = ("format", "style")
OWN = (
    *("run", "what", "cache", "derive", "scheduler", "output", "members"),
    *("folds", "beside", "pictures", "no_pictures", *LOOK),
    *("dataset", "reference", "target", "criterion", "budget", "truth", "no_score"),
    *("query", "top", "metric", "combine", "columns", "map", "colour"),
    *("part", "containing"),
    *("rule", "where", "example", "min_pairs"),
    *("by", "bins", "matbench", "picture_format"),
)


@dataclass(frozen=True)
class RunRequest:
    """What predictions and evaluations have in common.

    Attributes
    ----------
    run
        The run.
    derive
        Derivations, in order.
    settings
        Settings of the loop that are given.
    """

    run: Run
    derive: tuple[Derivation, ...]
    settings: Mapping[str, object]

    def specs(self) -> list[str]:
        """The derivations as texts, with all their options."""
        return [step.spec for step in self.derive]

    def remark(self) -> str | None:
        """What is to be known of the weights before their predictions are used."""
        if self.run.finished:
            return None
        return f"run {self.run.name!r} is not finished: its best weights so far are used"

    def settings_in_effect(self) -> dict[str, object]:
        """`OF_PREDICTION` by name; None for those that mean nothing beside the others."""
        chosen = prediction_settings(self.run.settings, self.settings)
        values = {name: getattr(chosen, name) for name in OF_PREDICTION}
        if isinstance(self.run.trainer, FitTrainer):
            return dict.fromkeys(values)
        return {**values, "batch_size": None} if chosen.limits else values


@dataclass(frozen=True)
class MaterialsRequest(RunRequest):
    """What requests about any materials have in common.

    Attributes
    ----------
    materials
        An open dataset, or what `matdata.materials.read_materials` takes.
    names
        The materials as a command or file names them, a dataset by its exact reference; empty for
        those of Python.
    output
        File for what is computed of them; None for none.
    scheduler
        Where materials are featurized that are in no dataset; None for this thread.
    """

    materials: object
    names: tuple[str, ...]
    output: Path | None
    scheduler: str | None

    def workers(self) -> AbstractContextManager[Workers]:
        """What featurizes materials that are in no dataset."""
        return nullcontext(SEQUENTIAL) if self.scheduler is None else workers_on(self.scheduler)


def output_of(fields: Values, require: Callable[[str | Path], str] = require_format) -> Path | None:
    """The file that a request writes; None if it names none.

    Raises
    ------
    ConfigError
        Of `require`: if its ending stands for no format.
    """
    output = fields.get("output")
    if output is None:
        return None
    require(output)
    return Path(output)


def scheduler_of(fields: Values) -> str | None:
    """The scheduler that a request names; None if it names none.

    Raises
    ------
    ConfigError
        If there is no such scheduler.
    """
    scheduler: str | None = fields.get("scheduler")
    check_scheduler(scheduler)
    return scheduler


def require_materials(materials: object, texts: object, next_step: str) -> None:
    """Refuse a request with neither materials nor texts that name them.

    Raises
    ------
    ConfigError
        With what to name.
    """
    if materials is None and not texts:
        raise ConfigError("no materials were named", next_step=next_step)


def run_of(fields: Values) -> Run:
    """The run that a request names, or holds.

    Raises
    ------
    ConfigError, TrainError, StoreError
        If none is named, there is no such run, or it is damaged.
    """
    run = fields.get("run")
    if isinstance(run, Run):
        return run
    return find_run(cache_dir(fields.get("cache")), name_of_run(run))


def name_of_run(run: object) -> str:
    """The name of a run, which must be given.

    Raises
    ------
    ConfigError
        If it is not.
    """
    if run is None:
        raise ConfigError("no run was named", next_step="`matdata runs` shows those of the cache")
    return require_name(run, "the run")


def loop_settings(fields: Values, run: Run) -> dict[str, object]:
    """Settings of the loop among the fields of a request.

    Raises
    ------
    ConfigError
        If one is unknown, or means nothing to the trainer.
    """
    settings = {name: value for name, value in fields.items() if name not in OWN}
    prediction_settings(run.settings, settings)  # refused before anything is computed
    if isinstance(run.trainer, FitTrainer):
        require_honoured(run.trainer.name, settings)
    return settings
