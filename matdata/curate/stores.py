"""Where the records of a curation are: read part by part, or column by column.

Decisions need few columns of all records; structures and whole tables are read part by part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matdata.core.structures import Structures

Str = npt.NDArray[np.str_]


class RecordPart(Protocol):
    """Some records, which a worker can read; it can be pickled."""

    def read(self) -> tuple[Structures, Sequence[str | None]]:
        """Their structures, and by record the formula where there is no structure."""
        ...


class Piece(NamedTuple):
    """Some records as they enter a dataset.

    Attributes
    ----------
    structures
        Of the n records.
    cells
        By column of the source n clean cells in the kind of the whole column: an Arrow array, or
        a list for nested cells. A column that no record of the piece has is missing.
    """

    structures: Structures
    cells: Mapping[str, pa.Array | list[Any]]


class RecordStore(Protocol):
    """Records in a fixed order."""

    @property
    def ids(self) -> Str:
        """Material ids, (n,)."""
        ...

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """Which records have a structure, (n,)."""
        ...

    @property
    def kinds(self) -> Mapping[str, str]:
        """By column of the source its kind (`matdata.store.cells`), in the source's order."""
        ...

    @property
    def table(self) -> Mapping[str, Sequence[Any]]:
        """Columns of the source; one is read when it is asked for."""
        ...

    @property
    def row_bytes(self) -> float:
        """Mean size of the source's columns per record."""
        ...

    def array(self, name: str) -> pa.Array:
        """A column that is not nested, in Arrow, (n,)."""
        ...

    def parts(self) -> Iterator[RecordPart]:
        """All records, in order."""
        ...

    def pieces(self) -> Iterator[Piece]:
        """All records, in order."""
        ...

    def structures_of(self, rows: npt.NDArray[np.int64]) -> Structures:
        """Structures of some records (k,), in that order."""
        ...
