"""Requests of predictions and evaluations, resolved.

Torch is imported when something is predicted: mistakes are found before, in a fraction of its time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from matdata.core.cache import cache_dir
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError
from matdata.core.given import folder_of, words
from matdata.core.options import Values
from matdata.evaluation.beside import evaluated_beside
from matdata.evaluation.column_groups import MOST_GROUPS
from matdata.evaluation.derive.base import Derivation
from matdata.evaluation.derive.texts import as_derivation
from matdata.evaluation.fold_runs import runs_of_folds
from matdata.evaluation.grouped_scores import BINS
from matdata.evaluation.matbench_record import require_matbench, write_matbench_record
from matdata.evaluation.materials import named_materials, run_reads_reactions
from matdata.evaluation.run_request import (
    LOOK,
    MaterialsRequest,
    RunRequest,
    loop_settings,
    name_of_run,
    output_of,
    require_materials,
    run_of,
    scheduler_of,
)
from matdata.figures.formats import PictureSettings
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.prediction import Predictions
from matdata.training.run import Run


@dataclass(frozen=True)
class PredictRequest(MaterialsRequest):
    """The request of a prediction, resolved.

    Attributes
    ----------
    members
        Whether the output has a column per member.
    """

    members: bool

    @classmethod
    def of(cls, fields: Values, materials: object = None) -> PredictRequest:
        """Check the keywords of `matdata.predict`.

        Parameters
        ----------
        fields
            Values of `matdata.evaluation.arguments.PREDICT_OPTIONS` by name.
        materials
            In place of what ``what`` names.

        Raises
        ------
        ConfigError
            If run or materials are not named, a name has two meanings, a setting is unknown, or
            the output has no format.
        TrainError, StoreError
            If there is no such run, or it is damaged.
        StructureError
            If all that was named is one text that is no dataset, file or formula.
        """
        output, scheduler = output_of(fields), scheduler_of(fields)
        require_materials(materials, fields.get("what"), "name a dataset, files, or formulas")
        run = run_of(fields)
        names: tuple[str, ...] = ()
        if materials is None:
            materials, names = named_materials(run.cache, fields["what"], run_reads_reactions(run))
        return cls(
            run,
            _derivations(fields),
            loop_settings(fields, run),
            materials,
            names,
            output,
            scheduler,
            bool(fields.get("members")),
        )

    def predictions(self) -> Predictions:
        """The predictions, written to the output as well where one is named.

        Raises
        ------
        MatdataError
            If the run has no weights, a derivation does not fit, or no material can be predicted.
        """
        predictions = self._predicted()
        if self.output is not None:
            predictions.write(self.output, self.members)
        return predictions

    def _predicted(self) -> Predictions:
        from matdata.evaluation.derive.chain import Chain
        from matdata.training.memory_features import predict_memory
        from matdata.training.predict import predict_dataset

        if isinstance(self.materials, DatasetFolder):
            chain = Chain(self.run, self.derive, self.materials)
            predictions = predict_dataset(self.run, self.materials, settings=self.settings)
            return chain.apply(predictions, self.settings)
        chain = Chain(self.run, self.derive, None)
        with self.workers() as workers:
            predictions = predict_memory(self.run, self.materials, self.settings, workers)
        return chain.apply(predictions, self.settings)


@dataclass(frozen=True)
class EvaluateRequest(RunRequest):
    """The request of an evaluation, resolved.

    Attributes
    ----------
    pictures
        Folder for pictures; that of the run if None.
    draws
        Whether there are any.
    look
        Their formats and style.
    folds
        The runs on all folds, of which `run` is the first; none if one run is scored.
    beside
        Evaluated runs whose curves are drawn in the pictures of `run`.
    by, bins
        Columns whose groups of materials are scored on their own, and bins of many numbers.
    matbench
        File for what Matbench records of `folds`.
    """

    pictures: Path | None
    draws: bool
    look: PictureSettings
    folds: tuple[Run, ...] = ()
    beside: tuple[Run, ...] = ()
    by: tuple[str, ...] = ()
    bins: int = BINS
    matbench: Path | None = None

    @classmethod
    def of(cls, fields: Values) -> EvaluateRequest:
        """Check the keywords of `matdata.evaluate`.

        Raises
        ------
        ConfigError
            If no run is named, a setting, a format or a style is unknown, runs that Matbench
            is to record are not on its folds, or a run is to be drawn beside itself, or twice.
        TrainError, StoreError
            If there is no such run, it is damaged, a fold has no finished run, or a run that is
            drawn beside was not evaluated, or on other materials or targets.
        """
        look = PictureSettings.from_mapping({k: fields[k] for k in LOOK if k in fields})
        folder, beside = fields.get("pictures"), _named_beside(fields)
        folds = () if fields.get("folds") is None else _folds_of(fields)
        run = folds[0] if folds else run_of(fields)
        derive = _derivations(fields)
        return cls(
            run,
            derive,
            loop_settings(fields, run),
            None if folder is None else folder_of(folder, "the folder of pictures"),
            not fields.get("no_pictures"),
            look,
            folds,
            evaluated_beside(run, beside),
            words(fields.get("by")),
            _bins_of(fields),
            _matbench_of(fields, folds, derive),
        )

    def score(self) -> JsonObject:
        """The score of the run, or of the runs on all folds, with what Matbench records of them
        written where it is asked for.

        Raises
        ------
        MatdataError
            As `matdata.evaluation.score.evaluate_run`.
        """
        from matdata.evaluation.fold_runs import evaluate_folds
        from matdata.evaluation.score import evaluate_run

        if not self.folds:
            return evaluate_run(self.run, self.settings, self.derive, self.by, self.bins)
        scored = evaluate_folds(self.folds, self.settings, self.derive, self.by, self.bins)
        if self.matbench is not None:
            tables = [_table_of_intervals(*pair) for pair in
                      zip(self.folds, scored["runs"], strict=True)]  # fmt: skip
            write_matbench_record(self.matbench, self.folds, tables)
            scored["matbench"] = str(self.matbench)
        return scored


def _table_of_intervals(run: Run, record: JsonObject) -> Path | None:
    """The table of a run with derived intervals, if there are any of its target."""
    derived = record.get("derived")
    (target,) = run.schema.targets
    if not derived or "interval" not in derived["targets"].get(target.name, {}):
        return None
    return run.folder / str(derived["table"])


def _bins_of(fields: Values) -> int:
    bins = fields.get("bins")
    if bins is None:
        return BINS
    if not words(fields.get("by")):
        raise ConfigError(
            "bins are given, and no column to score by", next_step="name one: --by COLUMN"
        )
    if not isinstance(bins, int) or not 2 <= bins <= MOST_GROUPS:
        raise ConfigError(f"bins are {bins}; expected 2 to {MOST_GROUPS}")
    return bins


def _matbench_of(fields: Values, folds: Sequence[Run], derive: Sequence[Derivation]) -> Path | None:
    path = fields.get("matbench")
    if path is None:
        return None
    if not folds:
        raise ConfigError(
            "Matbench records the runs on all folds of a task", next_step="add --folds all"
        )
    require_matbench(folds, derive, Path(path))
    return Path(path)


def _named_beside(fields: Values) -> tuple[str, ...]:
    """Names of the runs that are drawn beside the one that is evaluated."""
    names = words(fields.get("beside"))
    if names and fields.get("folds") is not None:
        raise ConfigError(
            "curves of other runs are drawn beside one run, and those of all folds are asked for",
            next_step="leave out beside or folds",
        )
    return names


def _folds_of(fields: Values) -> tuple[Run, ...]:
    run = fields.get("run")
    name = run.name if isinstance(run, Run) else name_of_run(run)
    cache = run.cache if isinstance(run, Run) else cache_dir(fields.get("cache"))
    return tuple(runs_of_folds(cache, name))


def _derivations(fields: Values) -> tuple[Derivation, ...]:
    given = fields.get("derive", ())
    if isinstance(given, (str, Derivation)):
        return (as_derivation(given),)
    return tuple(map(as_derivation, cast("Sequence[str | Derivation]", given)))
