"""A request to screen a dataset, resolved before torch is imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.given import folder_of
from matdata.core.options import Values
from matdata.evaluation.derive.base import Derivation
from matdata.evaluation.derive.rule import Rule
from matdata.evaluation.derive.steps import produced_by
from matdata.evaluation.derive.texts import as_derivation
from matdata.evaluation.run_request import LOOK, RunRequest, loop_settings, output_of, run_of
from matdata.evaluation.screening.conditions import Conditions, described
from matdata.figures.formats import PictureSettings
from matdata.store.catalogue import find_dataset
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.prediction_columns import PredictionColumn
from matdata.training.run import Run
from matdata.training.target import Target

#: Compositions in which elements occur together, from which on the network has an edge.
MIN_PAIRS = 5


@dataclass(frozen=True)
class ScreenRequest:
    """What is screened, by what, and what is written.

    Attributes
    ----------
    runs
        Runs, each with the settings of the loop that were given.
    dataset
        The candidates.
    steps
        Derivations, in order; the rule is the last one where there is one.
    rule
        The rule.
    where
        Conditions beside that of the rule, as texts.
    produced
        What each step derives.
    conditions
        What must hold.
    output, pictures
        File for the table, and folder for pictures.
    look
        Formats and style of pictures.
    examples
        Materials whose predicted arrays are drawn, beside the first two that are kept.
    min_pairs
        Compositions with two elements, from which on the network of elements joins them.
    """

    runs: tuple[RunRequest, ...]
    dataset: DatasetFolder
    steps: tuple[Derivation, ...]
    rule: Rule | None
    where: tuple[str, ...]
    produced: tuple[tuple[Target, ...], ...]
    conditions: Conditions
    output: Path | None
    pictures: Path | None
    look: PictureSettings
    examples: tuple[str, ...]
    min_pairs: int

    @classmethod
    def of(cls, fields: Values, dataset: DatasetFolder | None = None) -> ScreenRequest:
        """Check the keywords of `matdata.screen`.

        Parameters
        ----------
        fields
            Values of `matdata.evaluation.screening.arguments.SCREEN_OPTIONS` by name.
        dataset
            An open dataset, in place of the one that is named.

        Raises
        ------
        ConfigError
            If no run, dataset or condition is named, there is no such rule, runs do not predict
            what it reads, or a condition names no column.
        TrainError, StoreError
            If there is no such run or dataset, or it is damaged.
        """
        output, pictures = output_of(fields), fields.get("pictures")
        look = PictureSettings.from_mapping({k: fields[k] for k in LOOK if k in fields})
        where = _texts(fields.get("where"))
        if fields.get("rule") is None and not where:
            raise ConfigError(
                "nothing says what is kept",
                next_step="name a rule (--rule enz), or a condition (--where 'x < 1')",
            )
        runs = _runs(fields)
        if dataset is None:
            dataset = find_dataset(runs[0].run.cache, str(fields.get("dataset") or ""))
        steps, rule = _steps(fields, runs)
        predicted = _targets(runs)
        produced = tuple(produced_by(steps, predicted, dataset))
        targets = (*predicted, *(one for new in produced for one in new))
        if rule is not None:
            _require_columns(rule, dataset, targets)
        texts = [*([] if rule is None else [rule.condition]), *where]
        conditions = Conditions.of(texts, dataset, targets, [one.run for one in runs])
        examples = _texts(fields.get("example"))
        dataset.rows(list(examples))  # refused before anything is predicted
        if examples and pictures is None:
            raise ConfigError("examples are drawn, and no folder for pictures is named")
        return cls(
            runs, dataset, steps, rule, where, produced, conditions,
            output,
            None if pictures is None else folder_of(pictures, "the folder of pictures"),
            look, examples, _min_pairs(fields),
        )  # fmt: skip

    @property
    def described(self) -> list[PredictionColumn]:
        """The columns of predictions that the table has, and what they hold."""
        columns = described(_targets(self.runs))
        for step, new in zip(self.steps, self.produced, strict=True):
            columns += [replace(one, derivation=step.spec) for one in described(new)]
        return columns

    @property
    def about(self) -> Mapping[str, str]:
        """What predicted, and what that was trained on; of several runs joined."""
        parts = [one.run.about for one in self.runs]
        names = dict.fromkeys(name for part in parts for name in part)
        return {
            name: ", ".join(dict.fromkeys(part[name] for part in parts if part.get(name)))
            for name in names
        }


def _texts(given: object) -> tuple[str, ...]:
    several = (given,) if isinstance(given, str) else cast("Sequence[object]", given or ())
    return tuple(map(str, several))


def _min_pairs(fields: Values) -> int:
    least = fields.get("min_pairs")
    if least is not None and least < 1:
        raise ConfigError(f"min_pairs is {least}", next_step="1 or more")
    return MIN_PAIRS if least is None else int(least)


def _runs(fields: Values) -> tuple[RunRequest, ...]:
    given = fields.get("run") or ()
    several = [given] if isinstance(given, (str, Run)) else list(given)
    if not several:
        raise ConfigError("no run was named", next_step="`matdata runs` shows those of the cache")
    requests = []
    for one in several:
        run = run_of({**fields, "run": one})
        requests.append(RunRequest(run, (), loop_settings(fields, run)))
    twice = [one.run.name for one in requests]
    if len(set(twice)) < len(twice):
        raise ConfigError("a run is named twice", next_step="name each once")
    return tuple(requests)


def _steps(
    fields: Values, runs: Sequence[RunRequest]
) -> tuple[tuple[Derivation, ...], Rule | None]:
    """Derivations and rule, where artefacts that they name are those of the runs' cache."""
    cache = runs[0].run.cache
    given = fields.get("derive") or ()
    texts = [given] if isinstance(given, (str, Derivation)) else list(given)
    steps = [as_derivation(one).within(cache) for one in texts]
    rule = None
    if fields.get("rule") is not None:
        chosen = as_derivation(fields["rule"]).within(cache)
        if not isinstance(chosen, Rule):
            raise ConfigError(
                f"the derivation {chosen.name!r} is no rule: it has no condition",
                next_step=f"--derive {chosen.name} computes it, --where compares what comes of it",
            )
        rule = chosen
        steps.append(rule)
    for step in steps:
        if step.fits:
            raise ConfigError(
                f"{step.spec} is fitted to the validation part of a run, which a screening is not",
                next_step="`matdata predict --derive` takes it",
            )
    return tuple(steps), rule


def _targets(runs: Sequence[RunRequest]) -> tuple[Target, ...]:
    """What all runs predict; each target once."""
    owner: dict[str, str] = {}
    for one in runs:
        for target in one.run.schema.targets:
            if target.name in owner:
                raise ConfigError(
                    f"runs {owner[target.name]!r} and {one.run.name!r} both predict "
                    f"{target.name!r}",
                    next_step="name one of them",
                )
            owner[target.name] = one.run.name
    return tuple(target for one in runs for target in one.run.schema.targets)


def _require_columns(rule: Rule, dataset: DatasetFolder, targets: Sequence[Target]) -> None:
    """Check that columns which a rule compares with limits are there, in the units of these."""
    known = {*dataset.columns, *(one.name for one in described(targets))}
    for column, unit in rule.units.items():
        if column not in known:
            raise ConfigError(
                f"rule {rule.name} compares {column!r}, and {dataset.ref} has no column "
                f"{column!r}{did_you_mean(column, known)}",
                next_step=rule.without_column or None,
            )
        stored = dataset.units.get(column, "1")
        if column in dataset.columns and stored not in (unit, "1"):
            raise ConfigError(
                f"{rule.name} compares {column!r} with a limit in {unit}, and it is in {stored}",
                next_step=f"name a column in {unit}",
            )
