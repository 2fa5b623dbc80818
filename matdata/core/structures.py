"""`Structures`: the crystals of those of n materials that have one.

A dataset's rows may have a structure or only a formula. What needs a structure reads `crystals`,
the k that there are; `rows` says which of the n rows they belong to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Crystals, Int, as_ids, as_rows, offsets_of
from matdata.core.digest import digest_json
from matdata.core.errors import StructureError

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Structures:
    """Crystals at some rows of n materials.

    Attributes
    ----------
    ids : (n,) str
        Ids of all materials.
    crystals
        The k crystals, in the order of the rows.
    rows : (k,) int64
        Row of each crystal, ascending.

    Raises
    ------
    StructureError
        If the rows are not ascending rows of the materials, one per crystal.
    """

    ids: npt.NDArray[np.str_]
    crystals: Crystals
    rows: Int

    def __post_init__(self) -> None:
        rows = np.ascontiguousarray(self.rows, dtype=np.int64)
        object.__setattr__(self, "rows", rows)
        inside = not len(rows) or (rows[0] >= 0 and rows[-1] < len(self.ids))
        if len(rows) != len(self.crystals) or not inside or bool(np.any(np.diff(rows) <= 0)):
            raise StructureError(
                f"{len(self.crystals)} crystals at {len(rows)} rows of {len(self.ids)} materials: "
                "there must be one ascending row per crystal"
            )

    @classmethod
    def of(cls, crystals: Crystals) -> Structures:
        """Materials that all have a structure."""
        return cls(crystals.ids, crystals, np.arange(len(crystals), dtype=np.int64))

    @classmethod
    def none(cls, ids: Any) -> Structures:
        """Materials (n,) of which none has a structure."""
        return cls(as_ids(ids), Crystals.empty(), np.empty(0, np.int64))

    @classmethod
    def concat(cls, parts: Sequence[Structures]) -> Structures:
        """Join materials in order."""
        crystals = Crystals.concat([part.crystals for part in parts])
        if all(part.is_complete for part in parts):
            return cls.of(crystals)
        starts = offsets_of([len(part) for part in parts])[:-1].tolist()
        rows = [part.rows + start for part, start in zip(parts, starts, strict=True)]
        return cls(np.concatenate([part.ids for part in parts]), crystals, np.concatenate(rows))

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Structures({len(self.crystals)} crystals of {len(self)} materials)"

    @property
    def is_complete(self) -> bool:
        """Whether every material has a structure."""
        return len(self.rows) == len(self.ids)

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """Whether each material has a structure, (n,)."""
        present = np.zeros(len(self), dtype=np.bool_)
        present[self.rows] = True
        return present

    @property
    def missing(self) -> Int:
        """Rows of the materials without a structure, (n - k,) int64."""
        return np.flatnonzero(~self.present).astype(np.int64)

    def position(self, row: int) -> int | None:
        """Position in `crystals` of the structure of a row; None if it has none."""
        position = int(np.searchsorted(self.rows, row))
        found = position < len(self.rows) and int(self.rows[position]) == row
        return position if found else None

    def crystal(self, row: int) -> Crystals | None:
        """The crystal of a row, alone; None if it has none."""
        position = self.position(row)
        return None if position is None else self.crystals.take([position])

    def take(self, key: object) -> Structures:
        """The materials given by a slice, a mask (n,) or integers, in that order."""
        if self.is_complete:
            return Structures.of(self.crystals.take(key))
        taken = as_rows(key, len(self))
        position = np.full(len(self), -1, dtype=np.int64)
        position[self.rows] = np.arange(len(self.rows))
        positions = position[taken]
        present = positions >= 0
        rows = np.flatnonzero(present).astype(np.int64)
        return Structures(self.ids[taken], self.crystals.take(positions[present]), rows)

    def scatter(self, values: npt.NDArray[T], missing: Any) -> npt.NDArray[T]:
        """Values (k,) of the crystals as values (n,) of all materials, with `missing` elsewhere."""
        if self.is_complete:
            return values
        out = np.full(len(self), missing, dtype=values.dtype)
        out[self.rows] = values
        return out

    def cells(self, values: npt.NDArray[Any]) -> list[Any]:
        """Values (k,) of the crystals as n cells of a table, None where there is no structure."""
        if self.is_complete:
            return list(values.tolist())
        cells: list[Any] = [None] * len(self)
        for row, value in zip(self.rows.tolist(), values.tolist(), strict=True):
            cells[row] = value
        return cells

    def digest(self) -> str:
        """SHA-256 (hex) of the crystals and their rows; that of `crystals` if all have one."""
        crystals = self.crystals.digest()
        return crystals if self.is_complete else digest_json([crystals, self.rows.tolist()])
