"""What pictures of a run are drawn from: its score, its predictions, and its caption."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import ConfigError, StructureError, did_you_mean
from matdata.core.formula import parse_formula
from matdata.store.catalogue import find_dataset
from matdata.store.tables import Columns
from matdata.training.axis import Axis
from matdata.training.evaluated import predictions_on_record, score_on_record
from matdata.training.prediction_columns import MATERIAL_ID, PredictionColumn, Statistic
from matdata.training.run_look import look_of

if TYPE_CHECKING:
    from matdata.figures.parity import Pairs
    from matdata.figures.picture import Look
    from matdata.training.run import Run


class PlotData:
    """Score and predictions of a run, as its pictures show them.

    Parameters
    ----------
    run
        The run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    @functools.cached_property
    def record(self) -> JsonObject:
        """The score on record.

        Raises
        ------
        TrainError
            If the run was not evaluated.
        """
        return score_on_record(self._run)

    @functools.cached_property
    def _table(self) -> Columns:
        return predictions_on_record(self._run)

    def _axis(self, target: str) -> Axis:
        """The axis of a target.

        Raises
        ------
        ConfigError
            If it has none.
        """
        axis = next(one.axis for one in self._run.schema.targets if one.name == target)
        if axis is None:
            raise ConfigError(
                f"{target!r} stands on no axis",
                next_step="name one when training: --axis TARGET=COLUMN",
            )
        return axis

    def _scored(self, target: str | None) -> tuple[str, JsonMapping]:
        """The name of a target and its score."""
        scored: JsonMapping = self.record["targets"]
        if target is None and len(scored) == 1:
            target = next(iter(scored))
        if target is None or target not in scored:
            text = "several targets" if target is None else f"no target {target!r}"
            near = "" if target is None else did_you_mean(target, scored)
            raise ConfigError(
                f"run {self._run.name!r} has {text}{near}",
                next_step=f"name one: {', '.join(scored)}",
            )
        return target, scored[target]

    def _numbers(self, target: str | None) -> tuple[str, JsonMapping]:
        """The same of a target of numbers."""
        name, scored = self._scored(target)
        if scored["task"] != "regression":
            raise ConfigError(
                f"{name!r} is a target of {scored['task']}, not of numbers",
                next_step="`confusion` shows targets of classes",
            )
        return name, scored

    def pairs(self, target: str | None = None) -> Pairs:
        """True and predicted values of the test part; raises as `parity`."""
        from matdata.figures.parity import Pairs

        name, scored = self._numbers(target)
        true, mean = (_flat(self._column(name, s)) for s in (Statistic.TRUTH, Statistic.MEAN))
        deviation = _flat(self._column(name, Statistic.TOTAL)) if "uncertainty" in scored else None
        entries = "materials" if len(true) == scored["materials"] else "entries"
        return Pairs(name, scored["unit"], true, mean, deviation, entries)

    def flat(self, target: str, statistic: Statistic) -> npt.NDArray[np.float64] | None:
        """A statistic of all entries, one after another; None where the run predicts none."""
        name = PredictionColumn(target, statistic, None).name
        if name not in self._table:
            return None
        values = _flat(self._column(target, statistic))
        return None if np.isnan(values).all() else values

    def errors_by_element(self, target: str) -> tuple[dict[int, float], dict[int, int]]:
        """By atomic number the mean absolute error over the materials of the test part with the
        element, and how many these are."""
        name, _ = self._numbers(target)
        ids = [str(one) for one in self._cells(name, MATERIAL_ID)]
        true, mean = (self._column(name, s) for s in (Statistic.TRUTH, Statistic.MEAN))
        sizes = [
            float(np.nanmean(np.abs(_flat([a]) - _flat([b]))))
            for a, b in zip(true, mean, strict=True)
        ]
        dataset = find_dataset(self._run.cache, self._run.dataset_ref)
        formulas = dataset.columns["formula"]
        cells = [formulas[row] for row in dataset.rows(ids).tolist()]
        return mean_by_element(cells, sizes)

    def _column(self, target: str, statistic: Statistic) -> list[object]:
        """Cells of the materials that have a true value and a prediction."""
        return self._cells(target, PredictionColumn(target, statistic, None).name)

    def _cells(self, target: str, column: str) -> list[object]:
        """Cells of a column of the table, of the materials that have both."""
        names = [
            *(PredictionColumn(target, s, None).name for s in (Statistic.TRUTH, Statistic.MEAN)),
            column,
        ]
        cells = zip(*(self._table[name] for name in names), strict=True)
        return [cell for true, mean, cell in cells if true is not None and mean is not None]

    def _title(self, target: str) -> str:
        return f"{target}, {self._run.name}"

    def _look(self, style: str, part: str = "test part") -> Look:
        return look_of(self._run, style, part)


def mean_by_element(
    formulas: Sequence[object], sizes: Sequence[float]
) -> tuple[dict[int, float], dict[int, int]]:
    """Means of numbers over the formulas with each element, and how many these are; what is no
    formula is left out."""
    sums: dict[int, float] = {}
    counts: dict[int, int] = {}
    for formula, size in zip(formulas, sizes, strict=True):
        try:
            numbers = parse_formula(str(formula))
        except StructureError:
            continue
        for number in numbers:
            sums[number] = sums.get(number, 0.0) + size
            counts[number] = counts.get(number, 0) + 1
    return {number: total / counts[number] for number, total in sums.items()}, counts


def _flat(cells: list[object]) -> npt.NDArray[np.float64]:
    """Numbers of cells, all entries of arrays one after another; NaN where there is none."""
    parts = [np.ravel(np.asarray(np.nan if c is None else c, dtype=np.float64)) for c in cells]
    return np.concatenate(parts) if parts else np.empty(0)


def rows_of(cells: list[object]) -> npt.NDArray[np.float64]:
    """Arrays of one length as rows, NaN where a point has no number."""
    return np.array([np.asarray(cell, dtype=np.float64) for cell in cells])
