"""Predictions in one schema for every plugin: mean, aleatoric, epistemic and total
standard deviation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from matdata.core.html import ROWS
from matdata.core.ledger import Reject
from matdata.store.tables import Columns
from matdata.training.prediction_cells import cells, labels_of
from matdata.training.prediction_columns import (
    DEVIATIONS,
    ENDS,
    MATERIAL_ID,
    PredictionColumn,
    Statistic,
    columns_of,
)
from matdata.training.prediction_display import predictions_html
from matdata.training.prediction_files import write_predictions
from matdata.training.target import Target
from matdata.training.word_sequences import chances_of_words, predicted_words, words_of

if TYPE_CHECKING:
    import pandas as pd

Float = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Predictions:
    """What a run predicts for some materials, in the units of its targets.

    Attributes
    ----------
    ids : (n,) str
        Material ids, or the names under which materials were given, in their order.
    targets
        What was predicted; columns of the arrays are their sizes, one after another.
    mean : (n, t)
        Goodall 2022, eq. 2.7; probabilities of the classes in a classification, in the order of
        `Target.classes` where they have names.
    aleatoric, epistemic, total : (n, t), optional
        Standard deviations (eq. 2.8, 2.9). Aleatoric is None for a loss that learns no noise,
        epistemic for a single member, total for neither.
    members : (m, n, t)
        Means of the members.
    true : (n, t), optional
        True values where they were asked for, NaN where unknown; classes count as one column,
        which holds their indices.
    rejects
        Materials without a prediction, each with its reason.
    noise : (m, n, t), optional
        Standard deviations of the noise that members expect; NaN where a target has none.
    intervals
        Lower and upper ends (n, size) by target, where a derivation gave such.
    derived_by
        What computed a target, or its interval, from the predictions of the run, by ``<target>``
        or ``<target>/interval``.
    derivations
        Records of the derivations, in their order.
    about
        What predicted them, and what that was trained on, see `matdata.training.run.Run.about`.
    places : (n,)
        Place of each among the materials that were given in memory; None for those of a dataset.
    index
        The pandas index of the table or series that they were given in, of those with a prediction.
    """

    ids: npt.NDArray[np.str_]
    targets: tuple[Target, ...]
    mean: Float
    aleatoric: Float | None
    epistemic: Float | None
    total: Float | None
    members: Float
    true: Float | None = None
    rejects: tuple[Reject, ...] = ()
    noise: Float | None = None
    intervals: Mapping[str, tuple[Float, Float]] = field(default_factory=dict)
    derived_by: Mapping[str, str] = field(default_factory=dict)
    derivations: tuple[Mapping[str, object], ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)
    places: npt.NDArray[np.int64] | None = None
    index: pd.Index[Any] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        names = ", ".join(target.name for target in self.targets)
        return f"Predictions({names}: {len(self):,} materials, {len(self.rejects):,} without)"

    def _repr_html_(self) -> str:
        columns = self._head(ROWS).columns()
        return predictions_html(columns, self.targets, len(self), len(self.rejects))

    def _head(self, count: int) -> Predictions:
        """The first of them, with what their table needs."""
        return replace(self.at(np.arange(min(count, len(self)))), places=None, index=None)

    def at(self, rows: npt.NDArray[np.int64]) -> Predictions:
        """Those of some materials, by their places, without rejects."""

        def cut(values: Float | None) -> Float | None:
            return None if values is None else values[rows]

        return replace(
            self,
            ids=self.ids[rows],
            mean=self.mean[rows],
            aleatoric=cut(self.aleatoric),
            epistemic=cut(self.epistemic),
            total=cut(self.total),
            members=self.members[:, rows],
            true=cut(self.true),
            rejects=(),
            noise=None if self.noise is None else self.noise[:, rows],
            places=None if self.places is None else self.places[rows],
            index=None if self.index is None else self.index[rows],
            intervals={name: (low[rows], up[rows]) for name, (low, up) in self.intervals.items()},
        )

    def under(self, index: Any) -> Predictions:
        """The same, with the labels of a pandas index where they are the names of the materials.

        A label is compared with the name of its own row: names of a column of ids may well occur
        among the labels of other rows.
        """
        if self.places is None or self.places.max(initial=-1) >= len(index):
            return self
        own = index[self.places]
        return replace(self, index=own) if list(map(str, own)) == self.ids.tolist() else self

    def column(self, target: Target, values: Float) -> Float:
        """The columns of one target."""
        names = [other.name for other in self.targets]
        start = sum(other.size for other in self.targets[: names.index(target.name)])
        return values[:, start : start + target.size]

    def truth(self, target: Target) -> Float:
        """True values of one target, (n, columns), NaN where unknown."""
        assert self.true is not None
        names = [other.name for other in self.targets]
        start = sum(other.columns for other in self.targets[: names.index(target.name)])
        return self.true[:, start : start + target.columns]

    def classes(self, target: Target) -> list[object]:
        """The most probable class of each material: its name, or its number if it has none.

        None where a probability is no number.
        """
        chances = self.column(target, self.mean)
        names = target.classes or range(target.size)
        best: list[int] = chances.argmax(1).tolist()
        lost: list[bool] = np.asarray(np.isnan(chances).any(1)).tolist()
        return [None if no else names[index] for index, no in zip(best, lost, strict=True)]

    def labels(self, target: Target) -> list[object]:
        """The labels of each material whose probability is above one half.

        Their names, or 0 and 1 for each if they have none; None where a probability is no number.
        """
        chances = self.column(target, self.mean)
        return labels_of(target, np.where(np.isfinite(chances), chances > 0.5, np.nan))

    def _true(self, target: Target) -> list[object]:
        """True values as the table of the dataset has them."""
        truth = self.truth(target)
        if target.task == "sequence":
            return list(words_of(truth, target.labels))
        if target.task == "multi_label":
            return labels_of(target, truth)
        if target.task != "classification":
            return cells(truth, target.shape)
        indices = [int(n) if math.isfinite(n) else None for n in truth[:, 0].tolist()]
        if not target.classes:
            return list(indices)
        return [target.classes[n] if n is not None and n >= 0 else None for n in indices]

    def _cells_of(self, column: PredictionColumn, target: Target) -> list[object]:
        """One cell per material of a column."""
        statistic = column.statistic
        if statistic is Statistic.TRUTH:
            return self._true(target)
        if target.task == "sequence":
            chosen = self.mean if column.member is None else self.members[column.member]
            cells_of = chances_of_words if statistic is Statistic.PROBABILITY else predicted_words
            return list(cells_of(self.column(target, chosen), target.labels))
        if statistic is Statistic.CLASS:
            return self.labels(target) if target.task == "multi_label" else self.classes(target)
        if statistic is Statistic.PROBABILITY:
            assert column.label is not None
            place = target.labels.index(column.label)
            return cells(self.column(target, self.mean)[:, place : place + 1])
        if statistic in ENDS:
            ends = self.intervals[target.name]
            return cells(ends[statistic is Statistic.UPPER], target.shape)
        values = self.mean if column.member is None else self.members[column.member]
        if statistic in DEVIATIONS:
            deviation: Float | None = getattr(self, str(statistic))
            if deviation is None:
                return [None] * len(self)
            values = deviation
        return cells(self.column(target, values), target.shape)

    def described(self, members: bool = False) -> list[PredictionColumn]:
        """What the columns of the table hold, but for ``material_id``."""
        count = len(self.members) if members else 0
        columns = columns_of(
            self.targets, truth=self.true is not None, members=count, intervals=self.intervals
        )
        return [replace(column, derivation=self._derivation(column)) for column in columns]

    def _derivation(self, column: PredictionColumn) -> str | None:
        """What computed a column from the predictions of the run."""
        key = f"{column.target}/interval" if column.statistic in ENDS else column.target
        return self.derived_by.get(key)

    def columns(self, members: bool = False) -> Columns:
        """As columns of a table, one row per material; `members` adds what each member predicts."""
        targets = {target.name: target for target in self.targets}
        columns: Columns = {MATERIAL_ID: self.ids.tolist()}
        for column in self.described(members):
            columns[column.name] = self._cells_of(column, targets[column.target])
        return columns

    def to_frame(self, members: bool = False) -> pd.DataFrame:
        """As a pandas table, one row per material, in the order of `ids`.

        Parameters
        ----------
        members
            Add what each member predicts.

        Returns
        -------
        DataFrame
            Indexed by name; of materials that were given in a table or series by its own labels,
            unless a column of the table holds ids.

        Examples
        --------
        >>> frame.join(md.predict("gap", frame).to_frame())
        """
        import pandas as pd

        columns = {
            name: np.full(len(self), np.nan) if all(one is None for one in column) else column
            for name, column in self.columns(members).items()
        }  # a column of None alone would be one of objects, which have no mean
        frame = pd.DataFrame(columns).set_index(MATERIAL_ID)
        if self.index is not None:
            frame.index = self.index
        return frame

    def write(self, path: str | Path, members: bool = False) -> None:
        """Write the table in the format that the name ends in: Parquet, CSV, JSON or JSON lines.

        Raises
        ------
        ConfigError
            If the ending stands for no format.
        StoreError
            If the file cannot be written.
        """
        write_predictions(Path(path), self.columns(members), self.described(members), self.about)
