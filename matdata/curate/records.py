"""The records of a curation: where they are, and what their columns mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matdata.core.errors import CurationError
from matdata.core.ledger import Reject, Unusable
from matdata.core.numerals import number_of_text
from matdata.curate.source_names import derived_columns, kept_names
from matdata.curate.stores import RecordStore
from matdata.store.arrow import floats_of


@dataclass(frozen=True)
class Records:
    """Input of curation.

    Attributes
    ----------
    store
        The records: structures of those that have one, and the columns of the source, with a
        ``formula`` for each record without a structure.
    rejects
        Records that could not be read.
    energy_column, energy_per
        Column that ranks polymorphs, and whether its energies are per atom or per cell.
    units
        Units of the dataset's columns by their names in its table, where they are known.
    kind
        What the source holds. Energies per cell of a source of compositions are those of the
        formula as it is written; a record without a structure among structures has no cell.
    part_column
        Column of the part that each record has in a split that came with the data. A duplicate
        in another part is none: dropping it would change what a model is measured on.
    role_column
        Column of which structure of a pair a row has; rows of two roles are no duplicates.
    protostructure_column
        Column of protostructure labels, which are the symmetry of records where none of them has
        a structure.
    apart
        Columns of the source that are stored beside the table.
    faults
        By record why what is stored beside the table cannot be used.
    """

    store: RecordStore
    rejects: list[Reject]
    energy_column: str | None
    energy_per: Literal["atom", "cell"]
    units: Mapping[str, str] = field(default_factory=dict)
    kind: Literal["structure", "composition"] = "structure"
    part_column: str | None = None
    role_column: str | None = None
    protostructure_column: str | None = None
    apart: frozenset[str] = frozenset()
    faults: Mapping[int, Unusable] = field(default_factory=dict)

    @property
    def table(self) -> Mapping[str, Sequence[Any]]:
        """Columns of the source; one is read when it is asked for."""
        return self.store.table

    @property
    def ranks_by_cell(self) -> bool:
        """Whether energies per atom are computed from energies per cell."""
        return self.energy_column is not None and self.energy_per == "cell"

    @property
    def kept_names(self) -> dict[str, str]:
        """By column of the source its name in the dataset."""
        complete = bool(self.store.present.all())
        derived = derived_columns(complete=complete, ranks_by_cell=self.ranks_by_cell)
        columns = [name for name in self.store.kinds if name != self.protostructure_column]
        return kept_names(columns, derived)

    @property
    def has_structures(self) -> bool:
        """Whether at least one record has a structure."""
        return bool(self.store.present.any())


def numbers_of(records: Records, name: str) -> npt.NDArray[np.float64]:
    """A column of numbers, (n,), NaN where a value is missing or not a number.

    Raises
    ------
    CurationError
        If most of the values are not numbers.
    """
    array = records.store.array(name)
    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
        return floats_of(array)
    cells = array.to_pylist()
    numbers = np.array([_number(cell) for cell in cells], dtype=np.float64)
    invalid = [
        cell
        for cell, is_nan in zip(cells, np.isnan(numbers).tolist(), strict=True)
        if is_nan and cell is not None
    ]
    if len(invalid) > sum(cell is not None for cell in cells) / 2:
        raise CurationError(
            f"column {name!r} holds {len(invalid)} values that are not numbers, for example "
            f"{', '.join(repr(value) for value in invalid[:3])}",
            next_step="name another column, or correct the source",
        )
    return numbers


def _number(value: Any) -> float:
    if isinstance(value, str):
        value = number_of_text(value)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):  # missing, a list, or beyond all floats
        return float("nan")
    return number if np.isfinite(number) else float("nan")


def energies_of(records: Records, n_atoms: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Energies per atom, (n,), in the unit of the column (eV); NaN where there is none.

    Parameters
    ----------
    records
        The records.
    n_atoms : (n,)
        Atoms in each cell, or in the formula as it is written.

    Raises
    ------
    CurationError
        If most values of the column are not numbers.
    """
    if records.energy_column not in records.store.kinds:
        return np.full(len(n_atoms), np.nan)
    energy = numbers_of(records, str(records.energy_column))
    if records.energy_per == "cell":
        energy = energy / np.where(n_atoms > 0, n_atoms, np.nan)
        if records.kind == "structure":
            energy[~records.store.present] = np.nan
    return energy
