"""What the sections of a run's report read: the records of the run, and predictions it may show."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from matdata.core.documents import JsonObject
from matdata.core.errors import DamageError, MatdataError
from matdata.core.units import with_unit
from matdata.evaluation.trained_on import split_of
from matdata.reports.run.shown import Shown, recorded
from matdata.store.catalogue import find_dataset
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.data import View, truth
from matdata.training.evaluated import predictions_on_record, score_on_record
from matdata.training.logs import LogRow, read_log
from matdata.training.predict import predict_dataset
from matdata.training.run import OPENED, RECORD, Run
from matdata.training.target import Target

VALIDATION, TEST = "validation part", "test part"
#: Of a test part that a ranking of candidates, or an evaluation that was cut short, opened.
OPENED_ONLY = "opened, not scored"
#: Most materials of the validation part that are predicted for a report.
PREDICTED = 5_000


class Results:
    """A run as its report reads it.

    Parameters
    ----------
    run
        The run.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        #: Why predictions of the validation part are not shown; empty if they are.
        self.hindrance = ""
        #: Why its dataset cannot be read; empty if it can.
        self.absence = ""

    @property
    def cache(self) -> Path:
        """Where its dataset is looked for."""
        return self.run.cache

    @property
    def lead(self) -> str:
        """One line below the title."""
        plugin = self.run.manifest["plugin"]
        targets = ", ".join(
            with_unit(str(one["name"]), one.get("unit")) for one in self.run.manifest["targets"]
        )
        data = self.run.manifest["dataset"]
        on = f", trained on {data['ref']}" if data else ""
        return f"{plugin['name']} {plugin['version']} for {targets}{on}"

    @functools.cached_property
    def result(self) -> JsonObject:
        """Epochs, times and validation; empty while the run is under way."""
        return self.run.result() if self.run.finished else {}

    @functools.cached_property
    def validation(self) -> JsonObject:
        """Scores of the validation part by target; empty without one."""
        found: JsonObject = self.result.get("validation", {}).get("targets", {})
        return found

    @functools.cached_property
    def test(self) -> JsonObject | None:
        """The score of the test part; None while nobody has opened it."""
        if not (self.run.folder / RECORD).is_file():
            return None
        return score_on_record(self.run)

    @functools.cached_property
    def log(self) -> list[LogRow]:
        """The epochs."""
        return [row for row in read_log(self.run.folder) if "train_loss" in row]

    @property
    def test_state(self) -> str:
        """``opened``, ``closed``, ``none``, or that it is opened and no score is on record."""
        if self.run.manifest["split"] is None:
            return "none"
        if self.test is None and (self.run.folder / OPENED).is_file():
            return OPENED_ONLY
        return "closed" if self.test is None else "opened"

    @functools.cached_property
    def dataset(self) -> DatasetFolder | None:
        """The dataset that it was trained on; None if it is not in the cache, or damaged."""
        if self.run.manifest["dataset"] is None:
            return None
        try:
            found = find_dataset(self.cache, self.run.dataset_ref)
            found.columns.row(0)  # a table that is damaged is found here, once
        except DamageError as error:
            self.absence = error.what
            return None
        except MatdataError:
            self.absence = "the dataset is not in the cache"
            return None
        return found

    def scored(self) -> Iterator[tuple[str, str, JsonObject]]:
        """Part, target and its scores, of each part that may be shown; the test part first."""
        parts = {TEST: {} if self.test is None else self.test["targets"]}
        for part, targets in {**parts, VALIDATION: self.validation}.items():
            for name, scored in targets.items():
                yield part, name, scored

    @functools.cached_property
    def shown(self) -> list[Shown]:
        """Predictions of the parts that may be shown; those of the test part first."""
        return [*self._of_test(), *self._of_validation()]

    @property
    def decisive(self) -> list[Shown]:
        """By target those of the test part if it was opened, else of the validation part."""
        chosen: dict[str, Shown] = {}
        for shown in self.shown:
            if len(shown.ids):
                chosen.setdefault(shown.target.name, shown)
        return list(chosen.values())

    def _of_test(self) -> Iterator[Shown]:
        """Those that were written when the test part was opened."""
        if self.test is None:
            return
        table = predictions_on_record(self.run)
        for name, scored in self.test["targets"].items():
            target = self._targets.get(name) or Target(name, unit=scored["unit"])  # derived
            if target.task == scored["task"]:
                found = recorded(TEST, target, table)
                if found is not None:
                    yield found

    @functools.cached_property
    def _targets(self) -> dict[str, Target]:
        """What the run predicts, by name."""
        targets = (Target(**one) for one in self.run.manifest["targets"])
        return {target.name: target for target in targets}

    def _of_validation(self) -> Iterator[Shown]:
        """Those that the run makes now; no material of another part is read."""
        if not self.validation or self.dataset is None:
            self.hindrance = self.absence if self.validation else ""
            return
        try:
            split = split_of(self.run, self.dataset)
            ids = np.sort(split.require_validation())
            step = -(-len(ids) // PREDICTED)
            predicted = predict_dataset(self.run, self.dataset, ids[::step])
            true = truth(View.of(self.dataset, {}), predicted.ids, predicted.targets)
        except (MatdataError, ImportError) as error:
            self.hindrance = error.what if isinstance(error, MatdataError) else str(error)
            return
        predicted = replace(predicted, true=true)
        for target in predicted.targets:
            total = predicted.total
            yield Shown(
                VALIDATION,
                target,
                predicted.ids,
                predicted.truth(target),
                predicted.column(target, predicted.mean),
                None if total is None else predicted.column(target, total),
                step,
            ).known()
