"""What curation must know of every record: learnt part by part, held as arrays.

A part is read, checked and analysed by one task, which returns some hundred bytes per record; no
more than a part's structures are ever in one process's memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matdata.core.composition import Compositions
from matdata.core.crystals import Int, offsets_of
from matdata.core.executors import SEQUENTIAL, Workers, ordered_map
from matdata.core.structures import Structures
from matdata.curate.given_symmetry import given_symmetry
from matdata.curate.known_symmetry import KnownSymmetry
from matdata.curate.records import Records
from matdata.curate.settings import CurateSettings
from matdata.curate.stores import RecordPart
from matdata.curate.symmetry import SymmetryCheck, Wyckoff, symmetry_of
from matdata.curate.validity import REASONS, invalid
from matdata.store.arrow import array_of

SYMMETRY_POOL = 3000  # below this, starting processes costs more than it saves
#: Why a structure is invalid, by `Traits.fault`.
FAULTS = ("", *REASONS)


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
    """How each part is surveyed; can be pickled.

    Attributes
    ----------
    min_distance
        Smallest distance between two atoms, Å.
    symmetry
        How symmetry is found; None to search none.
    """

    min_distance: float
    symmetry: SymmetryCheck | None


def survey(
    records: Records,
    settings: CurateSettings,
    workers: Workers,
    known: KnownSymmetry | None = None,
) -> Traits:
    """Traits of all records; with symmetry if there is a structure and an engine is set, or labels.

    Parameters
    ----------
    records
        The records.
    settings
        Which symmetry engine (``both``: moyopy's labels, compared with spglib's), tolerances.
    workers
        Processes, for the engines hold the interpreter lock; used from 3,000 searches on.
    known
        What older versions of the dataset know of symmetry.
    """
    engine, n_structures = settings.symmetry, int(records.store.present.sum())
    engines = ("moyopy", "spglib") if engine == "both" else (engine,)
    symmetry = SymmetryCheck(engines, settings.symprec, settings.angle_tolerance, known)
    searches = engine != "none" and n_structures > 0
    check = Check(settings.min_distance, symmetry if searches else None)
    tasks = ((part, check) for part in records.store.parts())
    pool = workers if searches and n_structures >= SYMMETRY_POOL else SEQUENTIAL
    parts = list(_surveyed(tasks, pool, known))
    traits = Traits.concat(parts or [traits_of(Structures.none([]), [], check)])
    column = records.protostructure_column
    if column is None or n_structures:
        return traits
    return replace(traits, wyckoff=given_symmetry(records.store.array(column), traits.formulas))


def _surveyed(
    tasks: Iterator[tuple[RecordPart, Check]], workers: Workers, known: KnownSymmetry | None
) -> Iterator[Traits]:
    """Traits of each part; what is mostly known is surveyed here, as no process pays for it."""
    searched = SYMMETRY_POOL if known is None or workers.executor is not None else 0
    while searched < SYMMETRY_POOL:
        task = next(tasks, None)
        if task is None:
            return
        traits = survey_part(task)
        searched += traits.wyckoff.searched if traits.wyckoff is not None else 0
        yield traits
    yield from ordered_map(survey_part, tasks, workers, "process")


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
    wyckoff = None
    if check.symmetry is not None:
        wyckoff = symmetry_of(structures, np.flatnonzero(fault == 0), check.symmetry)
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
        wyckoff,
    )


def _texts(texts: list[str]) -> pa.Array:
    return array_of(texts) if texts else pa.nulls(0, pa.string())
