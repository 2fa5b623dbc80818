"""One trial of a search: an ordinary run, or a note that its training diverged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matdata.core.digest import digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import DivergenceError, TrainError
from matdata.evaluation.openings import read_openings
from matdata.evaluation.score import folder_of_openings
from matdata.store.catalogue import find_dataset
from matdata.store.manifest import NAME
from matdata.store.records import read_record, write_record
from matdata.training.plan import Question, ask
from matdata.training.request import Request
from matdata.training.run import OPENED, Run
from matdata.training.scores.shown import validation_of
from matdata.training.train import train

#: What is left of a trial that diverged, in the folder of its run.
DIVERGED = "diverged.json"


@dataclass(frozen=True)
class Trial:
    """One training of a search.

    Attributes
    ----------
    number, run
        From 0, and the name of the run.
    values
        Of the parameters of the space.
    score
        Of the validation part; None if the training failed.
    failure
        Why it did; None if it did not.
    """

    number: int
    run: str
    values: Mapping[str, Any]
    score: float | None
    failure: str | None = None

    def to_dict(self) -> JsonObject:
        """All of it as JSON."""
        return {
            "number": self.number,
            "run": self.run,
            "values": dict(self.values),
            "score": self.score,
            "failure": self.failure,
        }


def carry_out_trial(
    request: Request, number: int, values: Mapping[str, Any], by: str, cache: Path, name: str
) -> tuple[Trial, bool]:
    """Train, or read, one trial of the search `name`; and whether it was over before.

    Raises
    ------
    TrainError
        If it would be trained, and the test part of another trial is open, or there is a run of
        its name of something else.
    MatdataError
        As `matdata.training.train.train`.
    """
    run_name = f"{name}-trial{number:03d}"
    folder = cache / "runs" / run_name
    question = ask(request, cache)
    asked = digest_json([question.manifest(None)["identity"], request.from_run])
    failure = _failure(folder, asked)
    if failure is not None:
        return Trial(number, run_name, values, None, failure), True
    if not _finished(folder, question):
        _require_sealed(request, cache, name)
    try:
        run = train(request, cache, run_name)
    except DivergenceError as error:
        write_record(folder / DIVERGED, {"asked": asked, "failure": error.in_one_line})
        return Trial(number, run_name, values, None, error.in_one_line), False
    score = _score(run, by)
    failure = f"the validation part has no {by}" if score is None else None
    return Trial(number, run_name, values, score, failure), run.unchanged


def _failure(folder: Path, asked: str) -> str | None:
    """Why the same training diverged before; None if it did not."""
    if not (folder / DIVERGED).is_file():
        return None
    record = read_record(folder / DIVERGED, next_step=f"remove {folder}")
    return str(record["failure"]) if record["asked"] == asked else None


def _finished(folder: Path, question: Question) -> bool:
    """Whether there is a finished run that no more epochs are asked of; what else is asked for
    `matdata.training.train.train` compares."""
    if not (folder / NAME).is_file():
        return False
    run = Run(folder)
    return run.finished and run.settings.epochs == question.settings.epochs


def _score(run: Run, by: str) -> float | None:
    record = validation_of(run.result())
    (scored,) = record["targets"].values()
    value: float | None = scored["metrics"][by]
    return value


def _require_sealed(request: Request, cache: Path, name: str) -> None:
    """Refuse more trials of a search of which a run opened its test part.

    What is proposed next would be chosen with its score known. Openings by other trainings do not
    matter: no trial reads a test part, and who evaluates the best run is warned of them.

    Raises
    ------
    TrainError
        If one did.
    """
    dataset = find_dataset(cache, request.dataset)
    runs = {path.name for path in (cache / "runs").glob(f"{name}-trial*")}
    opened = {one for one in runs if (cache / "runs" / one / OPENED).is_file()}
    for one in sorted(runs - opened):
        folder = folder_of_openings(Run(cache / "runs" / one), dataset)
        opened |= {record.run for record in read_openings(folder) if record.run == one}
    if opened:
        raise TrainError(
            f"the test part of {', '.join(sorted(opened))} is open, and the search {name!r} would "
            "go on with its score known",
            cause="a trial was evaluated before the search was over",
            next_step="keep the trials that there are (--trials of before), or search under "
            "another --name on another split",
        )
