"""A column of the dataset's table as an input: a temperature, a doping, a measured property."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from matdata.core.errors import ConfigError, FeatureError
from matdata.core.ledger import Reject
from matdata.core.settings import Settings, setting
from matdata.features.base import Block, Column, Dense, FeatureInput, Featurizer, Field


@dataclass(frozen=True)
class ColumnSettings(Settings):
    """Which column, and its unit."""

    variant: str = setting("", "name of a column of numbers, or of true and false")
    unit: str | None = setting(None, "unit of its numbers; that of the table if none is given")

    def __post_init__(self) -> None:
        super().__post_init__()
        if "@" in self.variant:
            raise ConfigError(
                f"the column {self.variant!r} cannot be an input: @ introduces a version there",
                next_step="give the column a name without @ in the source",
            )


class TableColumn(Featurizer[ColumnSettings]):
    """One column of the table, (n, 1) float64 in the unit of the table; true is 1, false 0.

    A material whose cell is missing goes into the ledger with the reason ``missing_value``.
    Columns of text and of arrays are refused.
    """

    name: ClassVar[str] = "column"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "the source of the dataset"
    requires = frozenset({"columns"})
    Settings: ClassVar[type[Settings]] = ColumnSettings
    batch_rows: ClassVar[int] = 1 << 16
    shard_rows: ClassVar[int] = 1 << 20

    def columns(self) -> tuple[str, ...]:
        """The column.

        Raises
        ------
        FeatureError
            If none was named.
        """
        if not self.settings.variant:
            raise FeatureError(
                "`column` reads a column of the table, and none is named",
                next_step="name one: column:temperature",
            )
        return (self.settings.variant,)

    def for_units(self, units: Mapping[str, str]) -> Self:
        """The featurizer with the unit that the table gives.

        Raises
        ------
        FeatureError
            If another unit was asked for.
        """
        (name,) = self.columns()
        known, asked = units.get(name) or None, self.settings.unit
        if asked is not None and known is not None and asked != known:
            raise FeatureError(
                f"column {name!r} is in {known}, and {asked} was asked for",
                next_step="leave the unit out; nothing is converted",
            )
        return type(self)(ColumnSettings(name, asked or known or "1"))

    @property
    def fields(self) -> tuple[Field, ...]:
        """The values."""
        meaning = f"column {self.settings.variant!r} of the table"
        return (Field("values", "crystal", (1,), "float64", self.units()[0], meaning),)

    def labels(self) -> Sequence[str]:
        """The column's name."""
        return [self.settings.variant]

    def units(self) -> Sequence[str]:
        """The column's unit."""
        return [self.settings.unit or "1"]

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """The values as they are stored."""
        return fields["values"]

    def featurize(self, batch: FeatureInput) -> Block:
        """Read the cells of the column.

        Raises
        ------
        FeatureError
            If the materials have no table, or the column holds text or arrays.
        """
        (name,) = self.columns()
        batch = self.table(batch)
        numbers = np.array([self._number(name, cell) for cell in batch.columns[name]])
        present = np.isfinite(numbers)
        rejects = [
            Reject(str(batch.ids[row]), "featurize", "missing_value", f"it has no {name}")
            for row in np.flatnonzero(~present).tolist()
        ]
        rows = np.flatnonzero(present).astype(np.int64)
        return Block(rows, {"values": numbers[rows].reshape(-1, 1)}, rejects)

    def _number(self, name: str, cell: object) -> float:
        if cell is None:
            return math.nan
        if isinstance(cell, (bool, int, float)):
            return float(cell)
        kind = "text" if isinstance(cell, str) else "lists"
        shown = repr(cell)
        raise FeatureError(
            f"column {name!r} holds {kind}, for example "
            f"{shown if len(shown) <= 40 else shown[:40] + '…'}; an input is one number per "
            "material",
            next_step="choose a column of numbers, or write classes as columns of 0 and 1",
        )
