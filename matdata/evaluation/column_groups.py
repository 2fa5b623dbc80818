"""Materials by a column of their dataset: each of its values, or bins of its numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError
from matdata.store.dataset_folder import DatasetFolder

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
#: By value of a column the places of its materials.
Groups: TypeAlias = Mapping[str, Int]
#: Values of a column, at most: one with more distinguishes materials, not groups of them.
MOST_GROUPS = 100
#: Different numbers up to which each is a group; more are binned.
MOST_NUMBERS = 10
MISSING = "(missing)"


@dataclass(frozen=True)
class Grouping:
    """What group a cell of a column belongs to.

    Attributes
    ----------
    column
        Its name.
    edges
        Where bins of numbers meet, ascending; empty where each value is a group. The first and
        the last bin have no outer end, so every number is in one.
    """

    column: str
    edges: tuple[float, ...] = ()

    @classmethod
    def of(cls, column: str, cells: Iterable[object], bins: int) -> Grouping:
        """By the values, or by so many bins of equal counts if they are more than
        `MOST_NUMBERS` different numbers.

        Raises
        ------
        ConfigError
            If cells hold lists or records.
        """
        values = [value for cell in cells if (value := value_of(cell, column)) is not None]
        numbers = [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)]
        if len(numbers) < len(values) or len(set(numbers)) <= MOST_NUMBERS:
            return cls(column)
        inner = np.quantile(np.array(numbers, dtype=np.float64), np.arange(1, bins) / bins)
        least = min(numbers)  # no number is below it
        return cls(column, tuple(sorted({float(edge) for edge in inner if edge > least})))

    @property
    def labels(self) -> list[str]:
        """Names of the bins in their order; empty where each value is a group."""
        if not self.edges:
            return []
        texts = _distinct(self.edges)
        inner = (f"{low} to {high}" for low, high in itertools.pairwise(texts))
        return [f"below {texts[0]}", *inner, f"from {texts[-1]}"]

    def label(self, cell: object) -> str:
        """The group of a cell; `MISSING` for one without a value.

        Raises
        ------
        ConfigError
            If it is a list or a record, or a text among numbers.
        """
        value = value_of(cell, self.column)
        if value is None:
            return MISSING
        if not self.edges:
            return str(value)
        if isinstance(value, str):
            raise ConfigError(f"column {self.column!r} holds the text {value!r} among numbers")
        return self.labels[int(np.searchsorted(self.edges, float(value), side="right"))]

    def order(self, labels: Iterable[str], cells: Mapping[str, object]) -> list[str]:
        """Groups in their order: bins, numbers, texts by letter, what is missing last."""
        ranks = {label: place for place, label in enumerate(self.labels)}
        return sorted(labels, key=lambda one: (ranks.get(one, len(ranks)), _order(cells[one])))


def value_of(cell: object, column: str) -> str | int | float | None:
    """The value of a cell; None for none, as NaN is.

    Raises
    ------
    ConfigError
        If it is a list or a record.
    """
    if cell is None:
        return None
    if not isinstance(cell, (str, int, float)):
        raise ConfigError(f"column {column!r} holds no values to group by, but lists or records")
    return None if isinstance(cell, float) and math.isnan(cell) else cell


def groups_of(dataset: DatasetFolder, column: str, rows: Int, bins: int = 0) -> Groups:
    """Places of materials by their value of a column, numbers in their order, texts by letter.

    Parameters
    ----------
    dataset
        The dataset.
    column
        One of its columns; a value that is missing counts as one.
    rows : (n,)
        Rows of the dataset; the places are places in this array.
    bins
        Bins of more than `MOST_NUMBERS` different numbers; 0 leaves all values as they are.

    Raises
    ------
    ConfigError
        If it has more than `MOST_GROUPS` values, or holds lists or records.
    """
    cells = [dataset.columns[column][row] for row in rows.tolist()]
    grouping = Grouping.of(column, cells, bins) if bins else Grouping(column)
    return grouped(grouping, cells)


def grouped(grouping: Grouping, cells: Sequence[object]) -> Groups:
    """Places (n,) of cells by their group, in order; raises as `groups_of`."""
    places: dict[str, list[int]] = {}
    first: dict[str, object] = {}
    for place, cell in enumerate(cells):
        label = grouping.label(cell)
        places.setdefault(label, []).append(place)
        first.setdefault(label, value_of(cell, grouping.column))
        if len(places) > MOST_GROUPS:
            raise ConfigError(
                f"column {grouping.column!r} has more than {MOST_GROUPS} values",
                cause="it distinguishes materials, not groups of them",
                next_step="name a column with few values, such as a batch",
            )
    return {label: np.array(places[label], np.int64) for label in grouping.order(places, first)}


def _order(value: object) -> tuple[int, float, str]:
    if isinstance(value, (int, float)):
        return 0, float(value), ""
    return (2, 0.0, "") if value is None else (1, 0.0, str(value))


def _distinct(edges: Sequence[float]) -> list[str]:
    """Texts of numbers, with as many digits as keep them apart."""
    for digits in range(3, 18):
        texts = [f"{edge:.{digits}g}" for edge in edges]
        if len(set(texts)) == len(texts):
            return texts
    return [repr(edge) for edge in edges]
