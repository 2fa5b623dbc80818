"""A search for hyperparameters: trials, each an ordinary run, chosen by the validation part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from matdata.adapters.optuna import Proposals
from matdata.core.console import SILENT, Console
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError, TrainError
from matdata.evaluation.sweep.space import Parameter
from matdata.evaluation.sweep.trial import Trial, carry_out_trial
from matdata.training.plan import ask
from matdata.training.request import Request
from matdata.training.scores.shown import deciding

#: Trials of one search, at most.
MOST_TRIALS = 10_000


@dataclass(frozen=True)
class Sweep:
    """What a search came to.

    Attributes
    ----------
    name, target, by, higher_is_better
        Its name; the target, and the score of its validation part that decides.
    trials
        In their order.
    unchanged
        Whether all trials were finished before.
    """

    name: str
    target: str
    by: str
    higher_is_better: bool
    trials: tuple[Trial, ...]
    unchanged: bool

    @property
    def best(self) -> Trial:
        """The trial with the best score; the first of equals."""
        scored = [trial for trial in self.trials if trial.score is not None]
        sign = -1.0 if self.higher_is_better else 1.0
        return min(scored, key=lambda trial: sign * (trial.score or 0.0))

    def to_dict(self) -> JsonObject:
        """All of it as JSON."""
        return {
            "sweep": self.name,
            "target": self.target,
            "by": self.by,
            "higher_is_better": self.higher_is_better,
            "best": self.best.to_dict(),
            "trials": [trial.to_dict() for trial in self.trials],
            "unchanged": self.unchanged,
        }


def sweep(
    request: Request,
    space: Mapping[str, Parameter],
    trials: int,
    cache: Path,
    name: str,
    console: Console = SILENT,
) -> Sweep:
    """Search for the values with the best validation score.

    What is proposed follows from the seed of the request and the scores before alone, so a search
    that was stopped is repeated: its finished trials are read, the stopped one goes on from its
    checkpoint. More trials go on with it. A training that diverges is a trial without a score,
    and is not repeated.

    Parameters
    ----------
    request
        What all trials have in common, with one target and a validation part.
    space
        The parameters that are searched, by name.
    trials
        How many trainings, with those that are finished.
    cache, name
        Cache folder, and the name of the search: its runs are ``<name>-trial000``, ….

    Raises
    ------
    ConfigError
        If trials, targets or the validation part are not such, or a value is given and searched.
    TrainError
        If the test part of a trial was opened and trainings would go on, or no trial has a score.
    MatdataError
        If the request does not fit data or plugin, or its split has no validation part.
    """
    _require_fitting(request, space, trials)
    by, higher = "", False
    done: list[Trial] = []
    proposals: Proposals | None = None
    unchanged = True
    for number in range(trials):
        if proposals is None:
            by, higher = _decided(request, cache)
            proposals = Proposals(space, _seed(request), higher)
        values = proposals.ask()
        trial, old = carry_out_trial(_with(request, values), number, values, by, cache, name)
        proposals.report(trial.score)
        done.append(trial)
        unchanged = unchanged and old
        console.say(_line(trial, by))
    if all(trial.score is None for trial in done):
        raise TrainError(
            f"none of the {trials} trials of {name!r} has a score: {done[0].failure}",
            next_step="choose a space with lower rates",
        )
    return Sweep(name, request.targets[0], by, higher, tuple(done), unchanged)


def _line(trial: Trial, by: str) -> str:
    values = ", ".join(f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
                       for key, value in trial.values.items())  # fmt: skip
    score = f"{by} {trial.score:.4g}" if trial.score is not None else f"failed: {trial.failure}"
    return f"trial {trial.number}: {score} ({values})"


def _require_fitting(request: Request, space: Mapping[str, Parameter], trials: int) -> None:
    if isinstance(trials, bool) or not isinstance(trials, int) or not 1 <= trials <= MOST_TRIALS:
        raise ConfigError(f"{trials!r} trials; expected 1 to {MOST_TRIALS:,}")
    if len(request.targets) != 1:
        raise ConfigError(
            f"{len(request.targets)} targets; a search is decided by the validation score of one",
            next_step="search for one, and train the others with what was found",
        )
    if request.settings.get("validation") is False:
        raise ConfigError(
            "a search is decided by the validation part, and none is to be used",
            next_step="leave out no-validation",
        )
    given = {"hyper": request.hypers, "train": request.settings}
    twice = [one for one in space if one.partition(".")[2] in given[one.partition(".")[0]]]
    if twice:
        raise ConfigError(
            f"{twice[0]} is given, and searched by the space", next_step="leave one of them out"
        )


def _seed(request: Request) -> int:
    return int(str(request.settings.get("seed", 0)))


def _decided(request: Request, cache: Path) -> tuple[str, bool]:
    """The score that decides, and whether a high one is better."""
    question = ask(request, cache)  # refuses a split without a validation part
    return deciding(question.targets[0].task, [])


def _with(request: Request, values: Mapping[str, Any]) -> Request:
    """The request of a trial."""
    chosen: dict[str, dict[str, Any]] = {"hyper": {}, "train": {}}
    for name, value in values.items():
        table, _, key = name.partition(".")
        chosen[table][key] = value
    return replace(
        request,
        hypers={**request.hypers, **chosen["hyper"]},
        settings={**request.settings, **chosen["train"]},
    )
