"""The data on which curation decides: formula, energy per atom and protostructure per record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals
from matdata.core.errors import CurationError
from matdata.core.executors import SEQUENTIAL, Workers, ordered_map
from matdata.core.ledger import Reject
from matdata.core.numerals import number_of_text
from matdata.core.structures import Structures
from matdata.core.tolerances import for_engine
from matdata.symmetry.protostructure import Protostructures, compare, protostructures
from matdata.symmetry.search import analyse

Table = dict[str, list[Any]]
Str = npt.NDArray[np.str_]
SYMMETRY_ROWS = 500  # crystals per task of a worker
SYMMETRY_POOL = 3000  # below this, starting processes costs more than it saves


@dataclass(frozen=True)
class Records:
    """Input of curation.

    Attributes
    ----------
    structures
        Structures of the records that have one.
    table
        Columns of the source, with a ``formula`` for each record without a structure.
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
    """

    structures: Structures
    table: Table
    rejects: list[Reject]
    energy_column: str | None
    energy_per: Literal["atom", "cell"]
    units: Mapping[str, str] = field(default_factory=dict)
    kind: Literal["structure", "composition"] = "structure"
    part_column: str | None = None

    @property
    def parts(self) -> Str | None:
        """Part of each record, (n,); None if no split came with the data."""
        return None if self.part_column is None else np.asarray(self.table[self.part_column])

    @property
    def has_structures(self) -> bool:
        """Whether at least one record has a structure."""
        return len(self.structures.crystals) > 0


@dataclass(frozen=True)
class Wyckoff:
    """Symmetry of all records, row by row; empty and 0 if there is none.

    Attributes
    ----------
    protostructure, space_group_number, crystal_system, n_wyckoff, valid
        As in `Protostructures`.
    agrees
        Whether both engines gave the same label; None if only one was used.
    engine
        Name and version.
    """

    protostructure: Str
    space_group_number: npt.NDArray[np.int64]
    crystal_system: Str
    n_wyckoff: npt.NDArray[np.int64]
    valid: npt.NDArray[np.bool_]
    agrees: npt.NDArray[np.bool_] | None
    engine: str


def compositions_of(records: Records) -> Compositions:
    """Compositions of all records, counted from the structure or parsed from the formula."""
    return Compositions.from_rows(records.structures, records.table.get("formula", []))


def numbers_of(table: Table, name: str) -> npt.NDArray[np.float64]:
    """A column of numbers, (n,), NaN where a value is missing or not a number.

    Raises
    ------
    CurationError
        If most of the values are not numbers.
    """
    present = [value for value in table[name] if value is not None]
    numbers = [_number(value) for value in table[name]]
    invalid = [v for v in present if np.isnan(_number(v))]
    if len(invalid) > len(present) / 2:
        raise CurationError(
            f"column {name!r} holds {len(invalid)} values that are not numbers, for example "
            f"{', '.join(repr(value) for value in invalid[:3])}",
            next_step="name another column, or correct the source",
        )
    return np.array(numbers, dtype=np.float64)


def _number(value: Any) -> float:
    if isinstance(value, str):
        value = number_of_text(value)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):  # missing, a list, or beyond all floats
        return float("nan")
    return number if np.isfinite(number) else float("nan")


def energies_of(records: Records, compositions: Compositions) -> npt.NDArray[np.float64]:
    """Energies per atom, (n,), in the unit of the column (eV); NaN where there is none.

    Raises
    ------
    CurationError
        If most values of the column are not numbers.
    """
    if records.energy_column not in records.table:
        return np.full(len(compositions), np.nan)
    energy = numbers_of(records.table, str(records.energy_column))
    if records.energy_per == "cell":
        entry = np.repeat(np.arange(len(compositions)), compositions.n_elements)
        atoms = np.bincount(entry, compositions.amounts, minlength=len(compositions))
        energy = energy / np.where(atoms > 0, atoms, np.nan)
        if records.kind == "structure":
            energy[records.structures.missing] = np.nan
    return energy


def _analyse(task: tuple[Crystals, str, float, float | None]) -> tuple[Protostructures, str]:
    crystals, engine, symprec, angle = task
    angles = for_engine(engine, angle)
    symmetry = analyse(crystals, engine, symprec, angles)  # type: ignore[arg-type]
    tolerances = f"{symprec:g} Å, " + (f"{angle:g}°" if angles else "angles by symprec")
    return protostructures(
        crystals, symmetry
    ), f"{symmetry.engine} {symmetry.engine_version} ({tolerances})"


def wyckoff_of(
    structures: Structures,
    rows: npt.NDArray[np.int64],
    engine: str,
    tolerances: tuple[float, float | None],
    workers: Workers,
) -> Wyckoff:
    """Symmetry of the given rows that have a structure; all others have none.

    Parameters
    ----------
    structures
        Structures of all records.
    rows : (k,)
        Rows of the valid records.
    engine
        ``moyopy``, ``spglib`` or ``both`` (moyopy's labels, compared with spglib's).
    tolerances
        Å and degrees, as in `CurateSettings`.
    workers
        Processes, for the engines hold the interpreter lock; used from 3,000 crystals on.
    """
    engines = ("moyopy", "spglib") if engine == "both" else (engine,)
    valid = structures.take(rows)
    rows = rows[valid.rows]
    analyses = [_protostructures(valid.crystals, name, tolerances, workers) for name in engines]
    first, name = analyses[0]
    wyckoff = _empty(len(structures), f"{name} against {analyses[1][1]}" if analyses[1:] else name)
    wyckoff.protostructure[rows] = first.labels
    wyckoff.space_group_number[rows] = first.space_group_number
    wyckoff.crystal_system[rows] = first.crystal_system
    wyckoff.n_wyckoff[rows] = first.n_wyckoff
    wyckoff.valid[rows] = first.wyckoff_valid
    if not analyses[1:]:
        return wyckoff
    agrees = np.zeros(len(structures), dtype=np.bool_)
    agrees[rows] = compare(first, analyses[1][0])
    return Wyckoff(**{**wyckoff.__dict__, "agrees": agrees})


def _empty(n: int, engine: str) -> Wyckoff:
    text, counts = np.full(n, "", dtype="<U256"), np.zeros(n, dtype=np.int64)
    none_valid = np.zeros(n, dtype=np.bool_)
    return Wyckoff(text, counts, np.full(n, "", "<U12"), counts.copy(), none_valid, None, engine)


def _protostructures(
    crystals: Crystals, engine: str, tolerances: tuple[float, float | None], workers: Workers
) -> tuple[Protostructures, str]:
    def tasks() -> Iterator[tuple[Crystals, str, float, float | None]]:
        for first in range(0, max(len(crystals), 1), SYMMETRY_ROWS):
            part = crystals.take(slice(first, first + SYMMETRY_ROWS))
            yield part, engine, *tolerances

    pool = workers if len(crystals) >= SYMMETRY_POOL else SEQUENTIAL
    parts = list(ordered_map(_analyse, tasks(), pool, "process"))
    return Protostructures.concat([part for part, _ in parts]), parts[0][1]
