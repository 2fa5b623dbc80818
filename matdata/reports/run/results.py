"""What the sections of a run's report read: the records of the run, and predictions it may show."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matdata.core.documents import JsonObject
from matdata.core.errors import MatdataError
from matdata.core.units import with_unit
from matdata.evaluation.trained_on import split_of
from matdata.store.catalogue import find_dataset
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.data import View, truth
from matdata.training.evaluated import predictions_on_record, score_on_record
from matdata.training.logs import LogRow, read_log
from matdata.training.predict import predict_dataset
from matdata.training.prediction_columns import MATERIAL_ID, PredictionColumn, Statistic
from matdata.training.run import RECORD, Run

Float = npt.NDArray[np.float64]
VALIDATION, TEST = "validation part", "test part"
#: Most materials of the validation part that are predicted for a report.
PREDICTED = 5_000


class Shown(NamedTuple):
    """Predictions of one number per material, of a part that may be shown.

    Attributes
    ----------
    part, target, unit
        What they are of.
    ids : (n,)
        Materials.
    true, mean : (n,)
        True and predicted values.
    deviation : (n,), optional
        Predicted standard deviations.
    """

    part: str
    target: str
    unit: str
    ids: npt.NDArray[np.str_]
    true: Float
    mean: Float
    deviation: Float | None

    @property
    def error(self) -> Float:
        """Prediction less truth, (n,)."""
        return self.mean - self.true

    @property
    def name(self) -> str:
        """The target with its unit."""
        return with_unit(self.target, self.unit)


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

    @functools.cached_property
    def dataset(self) -> DatasetFolder | None:
        """The dataset that it was trained on; None if it is not in the cache."""
        if self.run.manifest["dataset"] is None:
            return None
        try:
            return find_dataset(self.cache, self.run.dataset_ref)
        except MatdataError:
            return None

    def scored(self) -> Iterator[tuple[str, str, JsonObject]]:
        """Part, target and its scores, of each part that may be shown; the test part first."""
        parts = {TEST: {} if self.test is None else self.test["targets"]}
        for part, targets in {**parts, VALIDATION: self.validation}.items():
            for name, scored in targets.items():
                yield part, name, scored

    @functools.cached_property
    def shown(self) -> list[Shown]:
        """Predictions of numbers, of the parts that may be shown; the test part first."""
        return [*self._of_test(), *self._of_validation()]

    def _of_test(self) -> Iterator[Shown]:
        """Those that were written when the test part was opened."""
        if self.test is None:
            return
        table = predictions_on_record(self.run)
        ids = np.asarray(table[MATERIAL_ID], dtype=np.str_)
        for name, scored in self.test["targets"].items():
            cells = {
                one: table.get(PredictionColumn(name, one, None).name)
                for one in (Statistic.TRUTH, Statistic.MEAN, Statistic.TOTAL)
            }
            true, mean, total = (_numbers(cells[one]) for one in cells)
            if scored["task"] == "regression" and true is not None and mean is not None:
                yield _known(Shown(TEST, name, scored["unit"], ids, true, mean, total))

    def _of_validation(self) -> Iterator[Shown]:
        """Those that the run makes now; no material of another part is read."""
        if not self.validation or self.dataset is None:
            self.hindrance = "" if not self.validation else "the dataset is not in the cache"
            return
        try:
            split = split_of(self.run, self.dataset)
            ids = np.sort(split.require_validation())
            ids = ids[:: -(-len(ids) // PREDICTED)]
            predicted = predict_dataset(self.run, self.dataset, ids)
            true = truth(View.of(self.dataset, {}), predicted.ids, predicted.targets)
        except (MatdataError, ImportError) as error:
            self.hindrance = error.what if isinstance(error, MatdataError) else str(error)
            return
        start = 0
        for target in predicted.targets:
            place, start = start, start + target.size
            if target.task != "regression" or target.size != 1:
                continue
            column = sum(t.columns for t in predicted.targets[: predicted.targets.index(target)])
            total = None if predicted.total is None else predicted.total[:, place]
            shown = Shown(
                VALIDATION,
                target.name,
                target.unit,
                predicted.ids,
                true[:, column],
                predicted.mean[:, place],
                total,
            )
            yield _known(shown)


def _numbers(cells: list[object] | None) -> Float | None:
    """Cells (n,) as numbers, NaN where one is missing; None of arrays, or where there are none."""
    if cells is None or any(isinstance(cell, (list, str)) for cell in cells):
        return None
    return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)


def _known(shown: Shown) -> Shown:
    """Those of materials with a true value and a prediction."""
    known = np.isfinite(shown.true) & np.isfinite(shown.mean)
    total = shown.deviation
    if total is not None:
        total = total[known] if np.isfinite(total[known]).all() else None
    return Shown(
        *shown[:3], shown.ids[known], shown.true[known], shown.mean[known], total
    )  # fmt: skip
