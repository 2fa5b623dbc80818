"""What curation decides by: formula, energy per atom and protostructure of each record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions, parse_formula
from matdata.core.crystals import Crystals
from matdata.core.errors import CurationError
from matdata.core.executors import ordered_map
from matdata.core.ledger import Reject
from matdata.core.numerals import number_of_text
from matdata.core.tolerances import for_engine
from matdata.symmetry.protostructure import Protostructures, compare, protostructures
from matdata.symmetry.search import analyse

Table = dict[str, list[Any]]
Str = npt.NDArray[np.str_]
SYMMETRY_ROWS = 500  # crystals that a worker analyses at a time
SYMMETRY_POOL = 3000  # below, starting processes costs more than it saves


@dataclass(frozen=True)
class Records:
    """What enters curation.

    Attributes
    ----------
    crystals
        Structures, or None for compositions.
    table
        Columns of the source; ``formula`` is there when there are no structures.
    rejects
        Records that could not be read.
    energy_column, energy_per
        Column that ranks polymorphs, and what its energies are counted for.
    units
        Units of the columns, where they are known.
    """

    crystals: Crystals | None
    table: Table
    rejects: list[Reject]
    energy_column: str | None
    energy_per: Literal["atom", "cell"]
    units: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Wyckoff:
    """Symmetry of all records, row for row; empty and 0 where there is none.

    Attributes
    ----------
    protostructure, space_group_number, crystal_system, n_wyckoff, valid
        As in `Protostructures`.
    agrees
        Whether both engines gave the same label; None if only one was asked.
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
    """Compositions, counted from the structures or parsed from the formulas."""
    if records.crystals is not None:
        return Compositions.from_crystals(records.crystals)
    amounts = [parse_formula(formula) for formula in records.table["formula"]]
    return Compositions.from_amounts(records.table["material_id"], amounts)


def numbers_of(table: Table, name: str) -> npt.NDArray[np.float64]:
    """A column of numbers, NaN where a value is missing or is none.

    Raises
    ------
    CurationError
        If most of the values are no numbers.
    """
    present = [value for value in table[name] if value is not None]
    numbers = [_number(value) for value in table[name]]
    strange = [v for v in present if np.isnan(_number(v))]
    if len(strange) > len(present) / 2:
        raise CurationError(
            f"column {name!r} holds {len(strange)} values that are no numbers, for example "
            f"{', '.join(repr(value) for value in strange[:3])}",
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
    """Energies per atom, (n,); NaN where there is none."""
    if records.energy_column not in records.table:
        return np.full(len(compositions), np.nan)
    energy = numbers_of(records.table, str(records.energy_column))
    if records.energy_per == "cell":
        entry = np.repeat(np.arange(len(compositions)), compositions.n_elements)
        atoms = np.bincount(entry, compositions.amounts, minlength=len(compositions))
        energy = energy / np.where(atoms > 0, atoms, np.nan)
    return energy


def _analyse(task: tuple[Crystals, str, float, float | None]) -> tuple[Protostructures, str]:
    crystals, engine, symprec, angle = task
    angles = for_engine(engine, angle)
    found = analyse(crystals, engine, symprec, angles)  # type: ignore[arg-type]
    how = f"{symprec:g} Å, " + (f"{angle:g}°" if angles else "angles by symprec")
    return protostructures(crystals, found), f"{found.engine} {found.engine_version} ({how})"


def wyckoff_of(
    crystals: Crystals,
    rows: npt.NDArray[np.int64],
    engine: str,
    tolerances: tuple[float, float | None],
    workers: int,
) -> Wyckoff:
    """Symmetry of some rows; the others count as having none.

    Parameters
    ----------
    crystals
        All crystals.
    rows
        Those that are valid.
    engine
        ``moyopy``, ``spglib`` or ``both`` (moyopy's labels, and whether spglib agrees).
    tolerances
        Å and degrees, as in `CurateSettings`.
    workers
        Processes; the engines hold the interpreter's lock.
    """
    engines = ("moyopy", "spglib") if engine == "both" else (engine,)
    found = [_protostructures(crystals.take(rows), one, tolerances, workers) for one in engines]
    first, name = found[0]
    wyckoff = _empty(len(crystals), f"{name} against {found[1][1]}" if found[1:] else name)
    wyckoff.protostructure[rows] = first.labels
    wyckoff.space_group_number[rows] = first.space_group_number
    wyckoff.crystal_system[rows] = first.crystal_system
    wyckoff.n_wyckoff[rows] = first.n_wyckoff
    wyckoff.valid[rows] = first.wyckoff_valid
    if not found[1:]:
        return wyckoff
    agrees = np.zeros(len(crystals), dtype=np.bool_)
    agrees[rows] = compare(first, found[1][0])
    return Wyckoff(**{**wyckoff.__dict__, "agrees": agrees})


def _empty(n: int, engine: str) -> Wyckoff:
    text, counts = np.full(n, "", dtype="<U256"), np.zeros(n, dtype=np.int64)
    nothing = np.zeros(n, dtype=np.bool_)
    return Wyckoff(text, counts, np.full(n, "", "<U12"), counts.copy(), nothing, None, engine)


def _protostructures(
    crystals: Crystals, engine: str, tolerances: tuple[float, float | None], workers: int
) -> tuple[Protostructures, str]:
    def tasks() -> Iterator[tuple[Crystals, str, float, float | None]]:
        for first in range(0, max(len(crystals), 1), SYMMETRY_ROWS):
            part = crystals.take(slice(first, first + SYMMETRY_ROWS))
            yield part, engine, *tolerances

    pool = workers if len(crystals) >= SYMMETRY_POOL else 1
    parts = list(ordered_map(_analyse, tasks(), pool, "process"))
    return Protostructures.concat([part for part, _ in parts]), parts[0][1]
