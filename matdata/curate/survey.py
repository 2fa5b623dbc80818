"""What curation must know of every record: learnt part by part, held as arrays.

A part is read, checked and analysed by one task, which returns some hundred bytes per record; no
more than a part's structures are ever in one process's memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals, Int, offsets_of
from matdata.core.executors import SEQUENTIAL, Workers, ordered_map
from matdata.core.structures import Structures
from matdata.core.tolerances import for_engine
from matdata.curate.records import Records
from matdata.curate.settings import CurateSettings
from matdata.curate.stores import RecordPart
from matdata.curate.validity import REASONS, invalid
from matdata.store.arrow import array_of
from matdata.symmetry.protostructure import Protostructures, compare, protostructures
from matdata.symmetry.search import analyse

SYMMETRY_POOL = 3000  # below this, starting processes costs more than it saves
#: Why a structure is invalid, by `Traits.fault`.
FAULTS = ("", *REASONS)
T = TypeVar("T", bound=np.generic)
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Wyckoff:
    """Symmetry of all records, row by row; empty and 0 if there is none.

    Attributes
    ----------
    protostructure : (n,) str
        Canonical labels, in Arrow.
    space_group_number : (n,) int16
    n_wyckoff : (n,) int32
    valid : (n,) bool
        As in `Protostructures`.
    agrees : (n,) bool
        Whether both engines gave the same label; None if only one was used.
    engine
        Name and version.
    """

    protostructure: pa.Array
    space_group_number: npt.NDArray[np.int16]
    n_wyckoff: npt.NDArray[np.int32]
    valid: Mask
    agrees: Mask | None
    engine: str

    @classmethod
    def concat(cls, parts: Sequence[Wyckoff]) -> Wyckoff:
        """Join parts in order."""
        agrees = [part.agrees for part in parts if part.agrees is not None]
        return cls(
            pa.concat_arrays([part.protostructure for part in parts]),
            np.concatenate([part.space_group_number for part in parts]),
            np.concatenate([part.n_wyckoff for part in parts]),
            np.concatenate([part.valid for part in parts]),
            np.concatenate(agrees) if agrees else None,
            parts[0].engine,
        )


@dataclass(frozen=True, eq=False)
class Traits:
    """What is known of n records.

    Attributes
    ----------
    fault : (n,) uint8
        Why a structure is invalid, as an index of `FAULTS`; 0 if it is valid, or there is none.
    formulas : (n,) str
        Reduced formulas, in Arrow.
    numbers : (M,) uint8
        Atomic numbers of the elements, ascending within each record.
    offsets : (n + 1,) int64
        Record `i` has the elements ``offsets[i]:offsets[i + 1]``.
    n_atoms : (n,) float64
        Atoms in the cell, or in the formula as it is written.
    n_sites : (n,) int32
        Sites of the structure; 0 if there is none.
    volume_per_atom : (n,) float64
        Å³; NaN where it is not known.
    wyckoff
        Symmetry; None if none was searched.
    """

    fault: npt.NDArray[np.uint8]
    formulas: pa.Array
    numbers: npt.NDArray[np.uint8]
    offsets: Int
    n_atoms: npt.NDArray[np.float64]
    n_sites: npt.NDArray[np.int32]
    volume_per_atom: npt.NDArray[np.float64]
    wyckoff: Wyckoff | None

    def __len__(self) -> int:
        return len(self.fault)

    @property
    def n_elements(self) -> Int:
        """Number of different elements of each record, (n,)."""
        return np.diff(self.offsets)

    @classmethod
    def concat(cls, parts: Sequence[Traits]) -> Traits:
        """Join parts in order."""
        symmetries = [part.wyckoff for part in parts if part.wyckoff is not None]
        return cls(
            np.concatenate([part.fault for part in parts]),
            pa.concat_arrays([part.formulas for part in parts]),
            np.concatenate([part.numbers for part in parts]),
            offsets_of(np.concatenate([part.n_elements for part in parts])),
            np.concatenate([part.n_atoms for part in parts]),
            np.concatenate([part.n_sites for part in parts]),
            np.concatenate([part.volume_per_atom for part in parts]),
            Wyckoff.concat(symmetries) if symmetries else None,
        )


class Check(NamedTuple):
    """What is asked of each part; can be pickled.

    Attributes
    ----------
    min_distance
        Smallest distance between two atoms, Å.
    engines
        Symmetry engines; none to search no symmetry.
    symprec, angle_tolerance
        Å and degrees.
    """

    min_distance: float
    engines: tuple[str, ...]
    symprec: float
    angle_tolerance: float | None


def survey(records: Records, settings: CurateSettings, workers: Workers) -> Traits:
    """Traits of all records; with symmetry if there is a structure and an engine is set.

    Parameters
    ----------
    records
        The records.
    settings
        Which symmetry engine (``both``: moyopy's labels, compared with spglib's), tolerances.
    workers
        Processes, for the engines hold the interpreter lock; used from 3,000 structures on.
    """
    engine, n_structures = settings.symmetry, int(records.store.present.sum())
    engines = {"none": (), "both": ("moyopy", "spglib")}.get(engine, (engine,))
    engines = engines if n_structures else ()
    check = Check(settings.min_distance, engines, settings.symprec, settings.angle_tolerance)
    tasks = ((part, check) for part in records.store.parts())
    pool = workers if engines and n_structures >= SYMMETRY_POOL else SEQUENTIAL
    parts = list(ordered_map(survey_part, tasks, pool, "process"))
    return Traits.concat(parts or [traits_of(Structures.none([]), [], check)])


def survey_part(task: tuple[RecordPart, Check]) -> Traits:
    """Read one part, and return its traits: what a worker does."""
    part, check = task
    return traits_of(*part.read(), check)


def traits_of(structures: Structures, formulas: Sequence[str | None], check: Check) -> Traits:
    """Traits of n records.

    Raises
    ------
    StructureError
        If a formula that is needed cannot be parsed.
    """
    crystals = structures.crystals
    codes = {reason: code for code, reason in enumerate(FAULTS)}
    reasons = invalid(crystals, check.min_distance).tolist()
    fault = np.array([codes[reason] for reason in reasons], dtype=np.uint8)
    compositions = Compositions.from_rows(structures, formulas)
    entry = np.repeat(np.arange(len(compositions)), compositions.n_elements)
    with np.errstate(divide="ignore", invalid="ignore"):  # structures that are invalid
        volume = crystals.volume / crystals.n_sites
    return Traits(
        structures.scatter(fault, 0),
        _texts(compositions.reduced_formulas()),
        compositions.numbers,
        compositions.offsets,
        np.bincount(entry, compositions.amounts, len(compositions)).astype(np.float64),
        structures.scatter(crystals.n_sites.astype(np.int32), 0),
        structures.scatter(volume, np.nan),
        symmetry_of(structures, np.flatnonzero(fault == 0), check) if check.engines else None,
    )


def symmetry_of(structures: Structures, valid: Int, check: Check) -> Wyckoff:
    """Symmetry of the records of a part; `valid` (k,) are positions of the valid crystals."""
    n, rows, crystals = len(structures), structures.rows[valid], structures.crystals.take(valid)
    analyses = [_analyse(crystals, engine, check) for engine in check.engines]
    first, engine = analyses[0]
    labels = np.full(n, "", dtype=first.labels.dtype)
    labels[rows] = first.labels
    wyckoff = Wyckoff(
        _texts(labels.tolist()),
        _scattered(first.space_group_number.astype(np.int16), rows, n),
        _scattered(first.n_wyckoff.astype(np.int32), rows, n),
        _scattered(first.wyckoff_valid, rows, n),
        None,
        engine,
    )
    if not analyses[1:]:
        return wyckoff
    second, other = analyses[1]
    agrees = _scattered(compare(first, second), rows, n)
    return replace(wyckoff, agrees=agrees, engine=f"{engine} against {other}")


def _scattered(values: npt.NDArray[T], rows: Int, n: int) -> npt.NDArray[T]:
    scattered = np.zeros(n, dtype=values.dtype)
    scattered[rows] = values
    return scattered


def _texts(texts: list[str]) -> pa.Array:
    return array_of(texts) if texts else pa.nulls(0, pa.string())


def _analyse(crystals: Crystals, engine: str, check: Check) -> tuple[Protostructures, str]:
    """Protostructures, and the engine with its version and tolerances."""
    angles = for_engine(engine, check.angle_tolerance)
    symmetry = analyse(crystals, engine, check.symprec, angles)  # type: ignore[arg-type]
    angle = check.angle_tolerance
    tolerances = f"{check.symprec:g} Å, " + (f"{angle:g}°" if angles else "angles by symprec")
    name = f"{symmetry.engine} {symmetry.engine_version} ({tolerances})"
    return protostructures(crystals, symmetry), name
