"""Symmetry of the records of one part: searched, or copied from older versions of the dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matdata.core.content_keys import Keys, keys_of_columns
from matdata.core.crystals import Crystals, Int
from matdata.core.structures import Structures
from matdata.core.tolerances import for_engine
from matdata.curate.known_symmetry import KnownSymmetry, Labels
from matdata.store.arrow import array_of
from matdata.symmetry.protostructure import Protostructures, compare, protostructures
from matdata.symmetry.search import analyse

T = TypeVar("T", bound=np.generic)


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
    keys : (n,) S16
        Content keys of the crystals (`matdata.core.content_keys`); empty without a valid structure.
    searched, reused
        Structures whose symmetry was searched, and copied from older versions of the dataset.
    """

    protostructure: pa.Array
    space_group_number: npt.NDArray[np.int16]
    n_wyckoff: npt.NDArray[np.int32]
    valid: npt.NDArray[np.bool_]
    agrees: npt.NDArray[np.bool_] | None
    engine: str
    keys: Keys
    searched: int
    reused: int

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
            np.concatenate([part.keys for part in parts]),
            sum(part.searched for part in parts),
            sum(part.reused for part in parts),
        )


class SymmetryCheck(NamedTuple):
    """How the symmetry of each part is found; can be pickled.

    Attributes
    ----------
    engines
        One, or the one whose labels count and the one that they are compared with.
    symprec, angle_tolerance
        Å and degrees.
    known
        What older versions of the dataset hold; None if nothing is copied.
    """

    engines: tuple[str, ...]
    symprec: float
    angle_tolerance: float | None
    known: KnownSymmetry | None = None


def symmetry_of(structures: Structures, valid: Int, check: SymmetryCheck) -> Wyckoff:
    """Symmetry of the records of a part; `valid` (k,) are positions of the valid crystals."""
    n, rows, crystals = len(structures), structures.rows[valid], structures.crystals.take(valid)
    keys = keys_of_columns([crystals])
    places = np.full(len(rows), -1) if check.known is None else check.known.places(keys)
    missing = np.flatnonzero(places < 0)
    labels, engine = _search(crystals.take(missing), check)
    if check.known is not None and len(missing) < len(rows):
        known = np.flatnonzero(places >= 0)
        order = np.argsort(np.concatenate([missing, known]), kind="stable")
        labels = labels.then(check.known.labels(places[known]), order)
    texts = np.full(n, "", dtype=object)
    texts[rows] = labels.protostructure
    return Wyckoff(
        array_of(texts.tolist()) if n else pa.nulls(0, pa.string()),
        _scattered(labels.space_group_number, rows, n),
        _scattered(labels.n_wyckoff, rows, n),
        _scattered(labels.valid, rows, n),
        None if labels.agrees is None else _scattered(labels.agrees, rows, n),
        engine,
        _scattered(keys, rows, n),
        len(missing),
        len(rows) - len(missing),
    )


def _search(crystals: Crystals, check: SymmetryCheck) -> tuple[Labels, str]:
    """Labels of crystals, and what found them."""
    first, engine = _analyse(crystals, check.engines[0], check)
    labels = Labels(
        first.labels.tolist(),
        first.space_group_number.astype(np.int16),
        first.n_wyckoff.astype(np.int32),
        first.wyckoff_valid,
    )
    if not check.engines[1:]:
        return labels, engine
    second, other = _analyse(crystals, check.engines[1], check)
    return replace(labels, agrees=compare(first, second)), f"{engine} against {other}"


def _analyse(crystals: Crystals, engine: str, check: SymmetryCheck) -> tuple[Protostructures, str]:
    """Protostructures, and the engine with its version and tolerances."""
    angles = for_engine(engine, check.angle_tolerance)
    symmetry = analyse(crystals, engine, check.symprec, angles)  # type: ignore[arg-type]
    angle = check.angle_tolerance
    tolerances = f"{check.symprec:g} Å, " + (f"{angle:g}°" if angles else "angles by symprec")
    name = f"{symmetry.engine} {symmetry.engine_version} ({tolerances})"
    return protostructures(crystals, symmetry), name


def _scattered(values: npt.NDArray[T], rows: Int, n: int) -> npt.NDArray[T]:
    scattered = np.zeros(n, dtype=values.dtype)
    scattered[rows] = values
    return scattered
