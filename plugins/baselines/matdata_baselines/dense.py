"""One row of attributes per material, and targets column by column, for models of tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np

from matdata.plugin import (
    ConfigError,
    FeatureError,
    FitTrainer,
    Samples,
    Schema,
    Settings,
    Task,
)
from matdata_baselines.hypers import DenseHypers

Array = np.ndarray[Any, Any]
H = TypeVar("H", bound=DenseHypers)


class DenseTrainer(FitTrainer[H]):
    """A model that reads dense features side by side, and learns one target after another.

    Materials without a target are left out for this target alone.
    """

    version: ClassVar[str] = "1"
    Hypers: ClassVar[type[Settings]] = DenseHypers
    tasks: ClassVar[tuple[Task, ...]] = ("regression", "classification")

    def inputs(self) -> tuple[str, ...]:
        """The features that were chosen.

        Raises
        ------
        ConfigError
            If there are none, or one comes twice.
        """
        chosen = self.hypers.features
        if not chosen or len(set(chosen)) < len(chosen):
            raise ConfigError(
                f"{self.name} reads at least one feature, and each once; not {list(chosen)}",
                next_step="for example --set hyper.features=magpie,column:temperature",
            )
        return chosen


def attributes(samples: Samples, specs: Sequence[str]) -> Array:
    """Features side by side, (n, d) float64; arrays of a material are laid out flat.

    Raises
    ------
    FeatureError
        If a feature has no dense form, or a value is not finite.
    """
    parts = []
    for spec in specs:
        values = samples.inputs[spec]
        if not isinstance(values, np.ndarray):
            raise FeatureError(
                f"{spec} has not the same number of values for all materials",
                next_step="choose features whose dense form is one row per material, such as "
                "magpie, ofm, voronoi or column:<name>",
            )
        parts.append(np.asarray(values, dtype=np.float64).reshape(len(values), -1))
    rows = np.concatenate(parts, axis=1)
    if not np.isfinite(rows).all():
        bad = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise FeatureError(f"an attribute of {samples.ids[bad]} is not finite")
    return rows


class Column(NamedTuple):
    """The known values of one column of the targets.

    Attributes
    ----------
    rows : (m,) bool
        Materials of which it is known.
    values : (k,) float64
        Of these: numbers, or indices of classes.
    classes
        How many there are; 0 for numbers.
    """

    rows: Array
    values: Array
    classes: int


def columns(samples: Samples, schema: Schema) -> Iterator[Column]:
    """Each column of the targets, in their order."""
    place = 0
    for target in schema.targets:
        classes = target.size if target.task == "classification" else 0
        for column in range(place, place + target.columns):
            rows = samples.mask[:, column]
            yield Column(rows, samples.targets[rows, column], classes)
        place += target.columns


def training_columns(train: Samples, schema: Schema) -> list[Column]:
    """Each column of the targets of a training part.

    Raises
    ------
    ConfigError
        If no material has a value of one.
    """
    of_all = list(columns(train, schema))
    names = [target.name for target in schema.targets for _ in range(target.columns)]
    for name, column in zip(names, of_all, strict=True):
        if not column.rows.any():
            raise ConfigError(f"no material of the training part has {name}")
    return of_all


def one_hot(column: Column) -> Array:
    """Numbers as (k, 1); classes as (k, classes), 1 at the class."""
    if not column.classes:
        return column.values[:, None]
    return np.eye(column.classes)[column.values.astype(np.int64)]


def softmax(scores: Array) -> Array:
    """Probabilities of scores (n, classes); those of minus infinity are 0."""
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Array = weights / weights.sum(axis=1, keepdims=True)
    return shares


@dataclass(frozen=True)
class Scale:
    """Attributes less their mean, over their standard deviation; those that do not vary are 0.

    Attributes
    ----------
    mean, over : (d,)
        What is taken off, and what is divided by: infinite for an attribute that does not vary.
    """

    mean: Array
    over: Array

    @classmethod
    def of(cls, rows: Array) -> Scale:
        """Of the rows (n, d) of a training part."""
        deviation = rows.std(axis=0)
        varies = deviation > 1e-12 * np.abs(rows).max(axis=0, initial=0.0)
        return cls(rows.mean(axis=0), np.where(varies, deviation, np.inf))

    def __call__(self, rows: Array) -> Array:
        """Scale rows (n, d)."""
        scaled: Array = (rows - self.mean) / self.over
        return scaled

    def state(self) -> dict[str, Array]:
        """Both, by name."""
        return {"mean": self.mean, "over": self.over}

    @classmethod
    def from_state(cls, state: Mapping[str, Array]) -> Scale:
        """From what `state` returned."""
        return cls(np.asarray(state["mean"]), np.asarray(state["over"]))
