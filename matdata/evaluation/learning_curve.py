"""Learning curves: the validation error of a training over the size of its training part."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from matdata.core.console import SILENT, Console
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError, TrainError
from matdata.evaluation.power_law import PowerLaw, power_law
from matdata.training.contract import FitTrainer
from matdata.training.request import Request
from matdata.training.run import Run
from matdata.training.scores.shown import RANKED_BY, validation_of
from matdata.training.settings import fit_honours
from matdata.training.target import Target, Task
from matdata.training.target_request import TargetRequest
from matdata.training.train import train

#: Shares of the training part beside all of it.
FRACTIONS = (0.0625, 0.125, 0.25, 0.5)


@dataclass(frozen=True)
class Point:
    """One size of the training part.

    Attributes
    ----------
    fraction, materials
        The share, and how many materials it is.
    runs
        Names of the runs, by seed.
    values
        Their validation errors.
    """

    fraction: float
    materials: int
    runs: tuple[str, ...]
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Of the runs."""
        return statistics.fmean(self.values)

    @property
    def std(self) -> float | None:
        """Standard deviation of a sample; None for one run."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None


@dataclass(frozen=True)
class LearningCurve:
    """How the validation error of one target falls with the size of the training part.

    Attributes
    ----------
    run
        Name of the run whose training was repeated.
    target, unit, by
        Name, unit, and which error.
    points
        By size.
    power_law
        Fitted to their means; None where an error is 0.
    """

    run: str
    target: str
    unit: str
    by: str
    points: tuple[Point, ...]
    power_law: PowerLaw | None

    def to_dict(self) -> JsonObject:
        """All of it as JSON."""
        law = self.power_law
        return {
            "run": self.run,
            "target": self.target,
            "unit": self.unit,
            "by": self.by,
            "points": [
                {
                    "fraction": point.fraction,
                    "materials": point.materials,
                    "runs": list(point.runs),
                    "values": list(point.values),
                    "mean": point.mean,
                    "std": point.std,
                }
                for point in self.points
            ],
            "power_law": None
            if law is None
            else {
                "factor": law.factor,
                "exponent": law.exponent,
                "standard_error": law.standard_error,
            },
        }


def request_of_run(run: Run) -> Request:
    """What a run was asked for; the same request trains the same run.

    Raises
    ------
    TrainError
        If the run was imported, or took over weights of another run.
    """
    if run.imported is not None or run.manifest["from_run"] is not None:
        raise TrainError(
            f"the training of run {run.name!r} cannot be repeated from its data alone",
            cause="its weights were imported, or begin with those of another run",
            next_step="choose a run that was trained from the start",
        )
    settings = run.settings.to_dict()
    if isinstance(run.trainer, FitTrainer):
        settings = {name: value for name, value in settings.items() if fit_honours(name)}
    targets = tuple(Target(**target) for target in run.manifest["targets"])
    return Request(
        plugin=run.manifest["plugin"]["name"],
        dataset=run.dataset_ref,
        targets=tuple(target.name for target in targets),
        split=run.split["name"],
        hypers=run.trainer.hypers.to_dict(),
        settings=settings,
        task=_task(targets),
        freeze=tuple(run.manifest["freeze"]),
        target_requests={target.name: TargetRequest.of(target) for target in targets},
    )


def _task(targets: Sequence[Target]) -> Task | None:
    """Classes of numbers are asked for; other kinds follow from the column or the objective."""
    return "classification" if {one.task for one in targets} == {"classification"} else None


def learning_curve(
    run: Run,
    cache: Path,
    fractions: Sequence[float] = FRACTIONS,
    seeds: int = 1,
    console: Console = SILENT,
) -> tuple[LearningCurve, ...]:
    """Repeat a training on nested shares of its training part, and fit a power law.

    Each share is part of the larger ones. All is judged on the same validation part, so that no
    test part is opened. The trainings are ordinary runs, ``<run>-curve-<fraction>-seed<seed>``:
    what is finished is left, and what was stopped goes on.

    Parameters
    ----------
    run
        A finished run: its training on all materials, with its seed.
    cache
        Where the runs go.
    fractions
        Shares beside all of it, each above 0 and below 1.
    seeds
        How many seeds each share is trained with, from that of the run.
    console
        Informed of what happens.

    Returns
    -------
    tuple of LearningCurve
        By target, in the order of the run.

    Raises
    ------
    ConfigError
        If a share is out of range or comes twice, or the run itself saw a share alone.
    TrainError
        If the run has no validation score, or as `request_of_run` and `train`.
    """
    shares = _shares(run, fractions, seeds)
    request = request_of_run(run)
    first = run.settings.seed
    by_share: dict[float, list[Run]] = {}
    for share in shares:
        for seed in range(first, first + seeds):
            if share == 1.0 and seed == first:
                by_share.setdefault(share, []).append(run)
                continue
            console.say(f"{_text(share)} of the training part, seed {seed}")
            settings = {**request.settings, "fraction": share, "seed": seed}
            name = f"{run.name}-curve-{_text(share)}-seed{seed}"
            own = train(replace(request, settings=settings), cache, name, console)
            by_share.setdefault(share, []).append(own)
    return tuple(_curve(run, target, by_share) for target in request.targets)


def _text(share: float) -> str:
    """A share as names of runs have it: all its digits, so that no two have one name."""
    return repr(share).removesuffix(".0")


def _shares(run: Run, fractions: Sequence[float], seeds: int) -> list[float]:
    """Shares in ascending order, with all of it at the end."""
    if run.settings.fraction < 1.0:
        raise ConfigError(
            f"run {run.name!r} was itself trained on {run.settings.fraction:g} of the training "
            "part",
            next_step="choose a run on all of it",
        )
    if seeds < 1:
        raise ConfigError(f"{seeds} seeds: expected at least 1")
    for share in fractions:
        if not 0.0 < share < 1.0:
            raise ConfigError(
                f"fraction {share:g} is not above 0 and below 1",
                next_step="leave 1 out: the run itself stands for it",
            )
    if not fractions or len(set(fractions)) < len(fractions):
        raise ConfigError("name at least one fraction, and each once")
    if not validation_of(run.result())["targets"]:
        raise TrainError(
            f"run {run.name!r} has no validation score: {validation_of(run.result())['reason']}",
            next_step="a curve needs a split with a validation part",
        )
    return [*sorted(fractions), 1.0]


def _curve(run: Run, target: str, by_share: dict[float, list[Run]]) -> LearningCurve:
    scored = validation_of(run.result())["targets"][target]
    by, higher = RANKED_BY[scored["task"]]
    points = []
    for share, runs in by_share.items():
        values = tuple(_error(one, target, by, higher) for one in runs)
        names = tuple(one.name for one in runs)
        points.append(Point(share, int(runs[0].manifest["sizes"]["train"]), names, values))
    shown = f"1 - {by}" if higher else by
    unit = "1" if higher else scored["unit"]
    law = power_law([p.materials for p in points], [p.mean for p in points])
    return LearningCurve(run.name, target, unit, shown, tuple(points), law)


def _error(run: Run, target: str, by: str, higher: bool) -> float:
    value = validation_of(run.result())["targets"][target]["metrics"][by]
    if value is None:
        raise TrainError(
            f"run {run.name!r} has no {by} of {target}",
            cause="its validation part lacks materials of a class",
        )
    return 1.0 - float(value) if higher else float(value)
