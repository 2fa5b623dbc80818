"""Records of the sample before they are built, as columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int

ORIGINAL, STRAINED, DECORATED = "original", "strained", "decorated"
NO_SOURCE = -1
# Purposes of random keys; different numbers give independent keys.
ORDER, COUNT, VARIANT, PROTOTYPE, STRAIN, STRETCH = range(6)
COLUMNS = ("rows", "numbers", "charges", "scale", "strain", "source")


@dataclass(frozen=True, eq=False)
class Draws:
    """Records to build, as columns.

    Attributes
    ----------
    first
        Index of the first record, from 0.
    rows : (n,) int64
        Prototypes.
    numbers : (n, 4) uint8
        Atomic numbers by slot, zero where the prototype has no such slot.
    charges : (n, 4) int8
        Oxidation states by slot.
    scale : (n,) float64
        Lattice vectors in units of the prototype's own.
    strain : (n,) int64
        Rows of `matdata.adapters.prototypes.STRAINS`, 0 for none.
    source : (n,) int64
        Index of the record that a record is a copy of, `NO_SOURCE` for originals.
    marks_copies
        Whether records have columns that mark copies: those of a sample that holds some do.
    """

    first: int
    rows: Int
    numbers: npt.NDArray[np.uint8]
    charges: npt.NDArray[np.int8]
    scale: npt.NDArray[np.float64]
    strain: Int
    source: Int
    marks_copies: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, start: int, stop: int) -> Draws:
        """Records `start` to `stop` of these."""
        return replace(
            self._columns(lambda name: getattr(self, name)[start:stop]), first=self.first + start
        )

    def where(self, chosen: npt.NDArray[np.bool_]) -> Draws:
        """The chosen (n,) ones of these records, under consecutive indices."""
        return self._columns(lambda name: getattr(self, name)[chosen])

    def then(self, other: Draws) -> Draws:
        """These records, followed by those of `other`."""
        return self._columns(
            lambda name: np.concatenate([getattr(self, name), getattr(other, name)])
        )

    def _columns(self, column: Callable[[str], Any]) -> Draws:
        return replace(self, **{name: column(name) for name in COLUMNS})

    def variants(self) -> list[str]:
        """What each record is: `ORIGINAL`, or a `STRAINED` or `DECORATED` copy."""
        is_copy = self.source != NO_SOURCE
        copied = np.where(self.strain > 0, STRAINED, DECORATED)
        names: list[str] = np.where(is_copy, copied, ORIGINAL).tolist()
        return names
