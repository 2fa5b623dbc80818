"""What curation decided: which records are the rows of a dataset, and what became of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matdata.core.ledger import Reject
from matdata.core.structures import Structures
from matdata.curate.funnel import Funnel
from matdata.curate.left_records import symmetry_of_left
from matdata.curate.rows import DatasetTable


class SymmetryCounts(NamedTuple):
    """Structures by where their symmetry comes from, those that left the dataset included.

    Attributes
    ----------
    computed, reused
        Searched now, and copied from older versions of the dataset.
    """

    computed: int = 0
    reused: int = 0


@dataclass(frozen=True)
class Curated:
    """Result of curation: which records, sorted by material id, the ledger, and the funnel.

    Attributes
    ----------
    table
        Columns of the dataset; one is made when it is asked for.
    rejects, funnel
        The other records.
    dedupe, symmetry
        What duplicates were, and the engine with its version.
    symmetry_counts
        Structures that were searched, and those copied from older versions.
    """

    table: DatasetTable
    rejects: list[Reject]
    funnel: Funnel
    dedupe: str
    symmetry: str
    symmetry_counts: SymmetryCounts

    def __len__(self) -> int:
        return len(self.table.rows)

    @property
    def has_structure(self) -> npt.NDArray[np.bool_]:
        """Which rows have a structure, (k,)."""
        return self.table.records.store.present[self.table.rows]

    @property
    def structures(self) -> Structures:
        """The structures of all rows, read into memory."""
        return self.table.records.store.structures_of(self.table.rows)

    def symmetry_of_left(self) -> pa.Table | None:
        """Symmetry of the crystals that are in no row; None if there are none."""
        wyckoff = self.table.traits.wyckoff
        return None if wyckoff is None else symmetry_of_left(wyckoff, self.table.rows)

    @property
    def kind(self) -> str:
        """``structure`` or ``composition`` if all rows are of one kind, ``mixed`` otherwise."""
        having = self.has_structure
        if not having.any():
            return "composition"
        return "structure" if having.all() else "mixed"
