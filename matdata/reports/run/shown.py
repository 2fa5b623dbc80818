"""Predictions of one target that a report may show, and how far each material is off."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.units import with_unit
from matdata.training.prediction_columns import MATERIAL_ID, Statistic, column_of
from matdata.training.scores.spectrum_scores import errors_of_rows
from matdata.training.target import Target, Task
from matdata.training.word_sequences import coded_guesses, most_probable, one_hot

Float = npt.NDArray[np.float64]
#: What the size of the error of a material is, by task.
MEASURES: dict[Task, str] = {
    "regression": "mean abs. error",
    "classification": "1 − probability of the true class",
    "multi_label": "wrong labels",
    "distribution": "L1 distance of shares",
    "sequence": "share of wrong words",
}


@dataclass(frozen=True, eq=False)
class Shown:
    """Predictions of one target, of a part that may be shown, of materials with a true value.

    Attributes
    ----------
    part
        Which part.
    target
        Of what.
    ids : (n,)
        Materials.
    true : (n, columns)
        True values, NaN at points of an array that are not known; of classes their index, -1 for
        one that training did not have.
    mean : (n, size)
        Predicted values, or probabilities.
    deviation : (n, size), optional
        Predicted standard deviations.
    step
        One in so many materials of the part is here.
    """

    part: str
    target: Target
    ids: npt.NDArray[np.str_]
    true: Float
    mean: Float
    deviation: Float | None = None
    step: int = 1

    @property
    def name(self) -> str:
        """The target with its unit."""
        return with_unit(self.target.name, self.target.unit)

    @property
    def title(self) -> str:
        """The target with its unit, and the part."""
        return f"{self.name}: {self.part}"

    @property
    def measure(self) -> str:
        """What `errors` are."""
        return MEASURES[self.target.task]

    @property
    def unit(self) -> str:
        """Unit of `errors`."""
        return self.target.unit if self.target.task == "regression" else ""

    @functools.cached_property
    def errors(self) -> Float:
        """How far each material is off, (n,): the mean absolute error over the numbers of it, one
        less the probability of its class, its labels that are wrong, the share of its words that
        are wrong (ends included), or the sum of absolute differences of its shares.
        """
        if self.target.task == "regression":
            return errors_of_rows(self.true, self.mean)
        if self.target.task == "classification":
            index = self.true[:, 0].astype(np.int64)
            of_class = self.mean[np.arange(len(index)), np.maximum(index, 0)]
            return np.where(index < 0, 1.0, 1.0 - of_class)
        if self.target.task == "multi_label":
            return np.asarray(((self.true > 0.5) != (self.mean > 0.5)).sum(1), dtype=np.float64)
        if self.target.task == "sequence":
            known = np.isfinite(self.true)
            found = most_probable(self.mean, len(self.target.classes) + 1)
            return np.asarray(((found != self.true) & known).sum(1) / known.sum(1))
        return np.asarray(np.abs(self.mean - self.shares).sum(1))

    @functools.cached_property
    def signed(self) -> Float | None:
        """Mean of prediction less truth of each material, (n,); None where it has no sign."""
        if self.target.task != "regression":
            return None
        known = np.isfinite(self.true)
        found: Float = np.where(known, self.mean - self.true, 0.0).sum(1) / known.sum(1)
        return found

    @property
    def shares(self) -> Float:
        """True shares, (n, k), whose sum is one."""
        return np.asarray(self.true / self.true.sum(1, keepdims=True))

    @property
    def is_number(self) -> bool:
        """Whether it is one number per material."""
        return self.target.task == "regression" and self.target.size == 1

    def known(self) -> Shown:
        """Those of materials with a true value and a prediction."""
        there = np.isfinite(self.true).any(1) & np.isfinite(self.mean).all(1)
        deviation = self.deviation
        if deviation is not None:
            deviation = deviation[there] if np.isfinite(deviation[there]).all() else None
        kept = (self.ids[there], self.true[there], self.mean[there])
        return Shown(self.part, self.target, *kept, deviation, self.step)


def recorded(part: str, target: Target, table: Mapping[str, list[Any]]) -> Shown | None:
    """Predictions of a target as a table has them that `Predictions.write` wrote; None if the
    table holds no values of that target."""
    truth = table.get(column_of(target, Statistic.TRUTH).name)
    if target.task == "sequence":
        return _recorded_words(part, target, table)
    columns = (
        [column_of(target, Statistic.PROBABILITY, label).name for label in target.labels]
        if target.labels
        else [column_of(target, Statistic.MEAN).name]
    )
    if truth is None or any(name not in table for name in columns):
        return None
    true = _rows([None if cell is None else target.code(cell) for cell in truth], target.columns)
    if target.labels:
        mean = np.column_stack([_rows(table[name], 1) for name in columns])
    else:
        mean = _rows(table[columns[0]], target.size)
    total = table.get(column_of(target, Statistic.TOTAL).name)
    deviation = None if total is None else _rows(total, target.size)
    ids = np.asarray(table[MATERIAL_ID], dtype=np.str_)
    return Shown(part, target, ids, true, mean, deviation).known()


def _recorded_words(part: str, target: Target, table: Mapping[str, list[Any]]) -> Shown | None:
    """Sequences: what was predicted has the probability 1, for tables hold the words alone."""
    truth, found = (
        table.get(column_of(target, one).name) for one in (Statistic.TRUTH, Statistic.CLASS)
    )
    if truth is None or found is None:
        return None
    codes = [None if cell is None else target.code(cell) for cell in truth]
    true = _rows(codes, target.columns)
    guess = coded_guesses(found, target.labels, target.columns)
    mean = one_hot(guess, len(target.classes) + 1)
    ids = np.asarray(table[MATERIAL_ID], dtype=np.str_)
    return Shown(part, target, ids, true, mean).known()


def _rows(cells: Sequence[Any], width: int) -> Float:
    """Cells as rows (n, width), NaN where there is none."""
    nothing = np.full(width, np.nan)
    rows = [nothing if cell is None else np.ravel(np.array(cell, np.float64)) for cell in cells]
    return np.array(rows, dtype=np.float64).reshape(len(cells), width)
