"""A property to be learnt: what it is, and where its numbers stand."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from matdata.core.elements import N_ELEMENTS
from matdata.core.errors import ConfigError, did_you_mean
from matdata.training.axis import Axis
from matdata.training.element_shares import (
    ELEMENTS,
    element_labels,
    element_shares,
    elements_present,
)
from matdata.training.word_sequences import coded as coded_words

#: What a target is: numbers, one class, several labels, shares that sum to 1, or words in order.
Task = Literal["regression", "classification", "multi_label", "distribution", "sequence"]
#: How numbers of a target are normalised: not, all by one shift and scale, or each by its own.
Scaling = Literal["none", "scalar", "pointwise"]
BOOLEAN = (False, True)


@dataclass(frozen=True)
class Target:
    """One property to be learnt.

    Attributes
    ----------
    name
        Column of the dataset's table, or the expression in its normal form.
    size
        Numbers predicted for it: 1 for a scalar, the length of an array target, the number of
        classes of a classification (whose column in a batch is one: the index of the class), the
        number of labels or elements; of sequences positions times words and their end (a column
        in a batch for each position, `matdata.training.word_sequences`).
    unit
        Its unit, ``1`` when there is none.
    task
        ``regression``, ``classification``, ``multi_label``, ``distribution`` or ``sequence``.
    classes
        Classes of a column of text (sorted) or of true and false, in the order of their indices,
        or labels, or words of sequences; empty where the column itself holds the indices.
    shape
        Shape of an array target, ``(size,)`` if not given; ``()`` for all others.
    axis
        Where the numbers of an array target stand.
    level
        What has a value of it: ``row``, a material.
    objective
        Name of its objective; empty for the loss of the run.
    normalizer
        How its numbers are normalised; ``pointwise`` fits each column of an array on its own.
    options
        Of the objective.
    expression
        What it is over columns of the table (`matdata.core.expressions`); empty where it is the
        column called `name`.

    Raises
    ------
    ConfigError
        If shape, axis and size do not fit together, or normalizer or level are unknown.
    """

    name: str
    size: int = 1
    unit: str = "1"
    task: Task = "regression"
    classes: tuple[str | bool, ...] = ()
    shape: tuple[int, ...] = ()
    axis: Axis | None = None
    level: Literal["row"] = "row"
    objective: str = ""
    normalizer: Scaling = "pointwise"
    options: Mapping[str, object] = field(default_factory=dict, hash=False)
    expression: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))  # JSON has lists
        shape = tuple(self.shape)
        if not shape and self.size > 1 and self.task == "regression":
            shape = (self.size,)
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "options", dict(self.options))
        if isinstance(self.axis, Mapping):
            object.__setattr__(self, "axis", Axis(**self.axis))
        self._check()

    def _check(self) -> None:
        if self.shape and math.prod(self.shape) != self.size:
            raise ConfigError(
                f"target {self.name!r} has the shape {self.shape} and {self.size} numbers"
            )
        if self.axis is not None and self.shape != (len(self.axis.values),):
            raise ConfigError(
                f"target {self.name!r} has the shape {self.shape}, its axis {self.axis.name!r} "
                f"{len(self.axis.values)} values",
                next_step="give the axis one value per number of the target",
            )
        if self.task == "sequence" and (not self.classes or self.size % (len(self.classes) + 1)):
            raise ConfigError(
                f"target {self.name!r} is a sequence of {len(self.classes)} words in {self.size} "
                "numbers",
                next_step="its classes are the words, its size a multiple of one more than them",
            )
        if self.normalizer not in get_args(Scaling):
            raise ConfigError(
                f"target {self.name!r} has no normalizer {self.normalizer!r}"
                + did_you_mean(self.normalizer, get_args(Scaling)),
                next_step=f"choose one of: {', '.join(get_args(Scaling))}",
            )
        if self.level != "row":
            raise ConfigError(f"target {self.name!r}: a model predicts per row, not {self.level!r}")

    @property
    def source(self) -> str:
        """The column or expression that it is read from."""
        return self.expression or self.name

    @property
    def columns(self) -> int:
        """Columns of `Batch.targets` that it takes."""
        if self.task == "sequence":
            return self.size // (len(self.classes) + 1)
        return 1 if self.task == "classification" else self.size

    @property
    def has_probabilities(self) -> bool:
        """Whether probabilities are predicted, in place of numbers with a unit."""
        return self.task != "regression"

    @functools.cached_property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, labels or words as text: of true and false in small letters, of
        classes that are numbers these; empty for numbers and distributions.
        """
        if self.task not in ("classification", "multi_label", "sequence"):
            return ()
        if not self.classes:
            return tuple(map(str, range(self.size)))
        return tuple(str(c).lower() if isinstance(c, bool) else c for c in self.classes)

    @property
    def is_of_elements(self) -> bool:
        """Whether its numbers are one per element, by atomic number from 1."""
        if self.task == "multi_label":
            return self.classes == element_labels()
        return self.task == "distribution" and self.size in (ELEMENTS, N_ELEMENTS)

    @functools.cached_property
    def _codes(self) -> dict[str | bool, int]:
        return {name: index for index, name in enumerate(self.classes)}

    @functools.cached_property
    def _words(self) -> dict[str, int]:
        return {str(word): index for index, word in enumerate(self.classes)}

    def code(self, cell: object) -> object:
        """The numbers of a cell of the column: the index of a text's class, -1 if it has none; 0
        or 1 per label, such as an element of a formula; shares of the elements of a formula; the
        index of the word at each position of a sequence, NaN behind its end.

        Numbers, which a sealed view holds, stay as they are.
        """
        if self.task == "multi_label" and self.classes and isinstance(cell, str):
            return elements_present(cell, self.labels)
        if self.task == "multi_label" and self.classes and isinstance(cell, (list, tuple)):
            coded = len(cell) == self.size and all(isinstance(one, float) for one in cell)
            return cell if coded else [float(label in cell) for label in self.classes]
        if self.task == "distribution" and isinstance(cell, str):
            return element_shares(cell, self.size)
        if self.task == "sequence" and isinstance(cell, (list, tuple)):
            is_coded = len(cell) == self.columns and all(isinstance(one, float) for one in cell)
            return cell if is_coded else coded_words(cell, self._words, self.columns)
        return self._codes.get(cell, -1) if isinstance(cell, str) else cell

    def to_dict(self) -> dict[str, object]:
        """As a record, which holds beside the first four only what is not the default."""
        record: dict[str, object] = {
            "name": self.name,
            "size": self.size,
            "unit": self.unit,
            "task": self.task,
        }
        more = {
            "classes": list(self.classes),
            "shape": list(self.shape),
            "axis": self.axis.to_dict() if self.axis else None,
            "objective": self.objective,
            "normalizer": "" if self.normalizer == "pointwise" else self.normalizer,
            "options": dict(self.options),
            "expression": self.expression,
        }
        return record | {name: value for name, value in more.items() if value}

    def identity(self) -> dict[str, object]:
        """What distinguishes runs: that a column holds true and false is known from the dataset."""
        record = self.to_dict()
        if self.classes == BOOLEAN:
            del record["classes"]
        return record
