"""What a featurizer is given: columns of materials, of the kinds that it requires.

One kind is given as it is (`Crystals`, `Compositions`, `TableRows`), several as `RecordColumns`.
Every material of a batch has all of it: `PartialInput` is how a build keeps account of those that
lack a structure, and no featurizer sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals, Int, as_rows
from matdata.core.errors import FeatureError
from matdata.core.table_rows import TableRows

Requirement: TypeAlias = Literal["structure", "composition", "columns"]
#: What a build copies of a feature from older versions of the dataset: any rows; whole shards, as
#: single rows are computed no slower than copied; or nothing, as they are not even found faster.
Copied: TypeAlias = Literal["rows", "shards", "nothing"]


@dataclass(frozen=True, eq=False)
class RecordColumns:
    """Columns of several kinds for the same n materials, those that the featurizer requires.

    Attributes
    ----------
    ids : (n,) str
        Material ids.
    crystals, compositions, table
        Structures, compositions and cells of the table, n of each; None if not required.
    """

    ids: npt.NDArray[np.str_]
    crystals: Crystals | None = None
    compositions: Compositions | None = None
    table: TableRows | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, key: Any) -> RecordColumns:
        """The materials given by a slice, a mask (n,) or integers (k,), in that order."""
        return RecordColumns(
            self.ids[key],
            None if self.crystals is None else self.crystals.take(key),
            None if self.compositions is None else self.compositions.take(key),
            None if self.table is None else self.table.take(key),
        )


#: What `Featurizer.featurize` is given.
FeatureInput: TypeAlias = "Crystals | Compositions | TableRows | RecordColumns"
KINDS: Mapping[type, str] = {
    Crystals: "structures",
    Compositions: "compositions",
    TableRows: "rows of a table",
    RecordColumns: "columns without them",
}


@dataclass(frozen=True, eq=False)
class PartialInput:
    """What a featurizer is given of n materials, of which some lack a structure.

    Attributes
    ----------
    ids : (n,) str
        Ids of all materials.
    given
        Columns of the k materials that have a structure.
    rows : (k,) int64
        Their rows, ascending.
    """

    ids: npt.NDArray[np.str_]
    given: FeatureInput
    rows: Int

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, key: object) -> PartialInput:
        """The materials given by a slice or by ascending integers (k,)."""
        rows = as_rows(key, len(self))
        place = np.searchsorted(self.rows, rows)
        present = np.append(self.rows, -1)[place] == rows
        return PartialInput(
            self.ids[rows], self.given.take(place[present]), np.flatnonzero(present)
        )

    def missing(self) -> list[str]:
        """Ids of the materials without a structure."""
        lacking = np.ones(len(self), dtype=np.bool_)
        lacking[self.rows] = False
        return [str(name) for name in self.ids[lacking].tolist()]


def n_entries(batch: FeatureInput | PartialInput) -> int:
    """Sites of all structures, else elements of all compositions; 0 for rows of a table alone."""
    if isinstance(batch, PartialInput):
        batch = batch.given
    if isinstance(batch, RecordColumns):
        known = batch.crystals if batch.crystals is not None else batch.compositions
        return 0 if known is None else len(known.numbers)
    return 0 if isinstance(batch, TableRows) else len(batch.numbers)


def combined(
    ids: npt.NDArray[np.str_],
    *,
    crystals: Crystals | None = None,
    compositions: Compositions | None = None,
    table: TableRows | None = None,
) -> FeatureInput:
    """One kind of columns as it is, several as `RecordColumns`.

    Raises
    ------
    FeatureError
        If none is given.
    """
    given = [one for one in (crystals, compositions, table) if one is not None]
    if not given:
        raise FeatureError("a feature reads structures, compositions or columns of a table")
    return given[0] if len(given) == 1 else RecordColumns(ids, crystals, compositions, table)
