"""Near duplicates: pairs of crystals that are the same material up to small differences.

Two crystals are near duplicates when they have the same canonical protostructure (which holds the
elements), volumes per atom within a relative tolerance, and equal interatomic distances within
a tolerance. Distances are compared by a fingerprint
(`matdata.curate.fingerprint`).

Pairs are searched inside protostructure groups only, sorted by volume, so that a crystal is
compared only with those in its volume window. What this cannot find: two crystals of which one is
distorted so much that the symmetry engine gives it another protostructure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Crystals, Int
from matdata.core.errors import CurationError
from matdata.core.executors import SEQUENTIAL, Workers, ordered_map
from matdata.core.settings import Settings, setting
from matdata.curate.fingerprint import fingerprint

ROWS_AT_ONCE = 2048  # crystals of one task, at least


class CrystalSource(Protocol):
    """Crystals, of which some are taken at a time: in memory, or read from a dataset's file."""

    @property
    def ids(self) -> npt.NDArray[np.str_]:
        """Material ids, (n,)."""

    def __len__(self) -> int: ...

    def take(self, key: Int, /) -> Crystals:
        """The crystals at some places (k,), in that order."""


@dataclass(frozen=True)
class NearSettings(Settings):
    """Criteria for two crystals of one protostructure to be near duplicates."""

    volume_tolerance: float = setting(
        0.05, "largest relative difference of the volumes per atom", minimum=0.0
    )
    distance_tolerance: float = setting(
        0.05,
        "largest difference of a mean distance, in units of the cube root of the volume per atom",
        minimum=0.0,
    )
    neighbours: int = setting(6, "neighbours of each element that are compared", minimum=1)


@dataclass(frozen=True)
class Pair:
    """Two near duplicates.

    Attributes
    ----------
    first, second
        Material ids, the smaller one first.
    protostructure
        Their common label.
    volume_difference
        Larger volume per atom over the smaller, minus 1.
    distance_difference
        Largest difference of the fingerprints, in units of the cube root of the volume per atom.
    """

    first: str
    second: str
    protostructure: str
    volume_difference: float
    distance_difference: float


@dataclass(frozen=True)
class NearDuplicates:
    """The pairs found, and the extent of the search.

    Attributes
    ----------
    pairs
        Near duplicates, ordered by ids.
    n_compared
        Number of pairs whose volumes were close enough to compare their distances.
    n_unlabelled
        Number of crystals without a protostructure, which are in no pair.
    settings
        The tolerances.
    """

    pairs: tuple[Pair, ...]
    n_compared: int
    n_unlabelled: int
    settings: NearSettings


def find_near_duplicates(
    crystals: CrystalSource,
    protostructures: Sequence[str | None],
    settings: NearSettings | None = None,
    workers: Workers = SEQUENTIAL,
) -> NearDuplicates:
    """Find the near duplicates among crystals, in tasks of whole groups of one protostructure.

    Parameters
    ----------
    crystals
        Valid crystals, n of them. Those alone are taken that share their label with another one,
        some whole groups at a time.
    protostructures : (n,)
        Canonical labels; None or empty if there is none.
    settings
        Tolerances.
    workers
        Who compares them.

    Raises
    ------
    CurationError
        If there is not one label per crystal.
    """
    tolerances = settings or NearSettings()
    if len(protostructures) != len(crystals):
        raise CurationError(
            f"{len(protostructures)} protostructures for {len(crystals)} crystals",
            next_step="give one label (or None) per crystal",
        )
    pairs: list[Pair] = []
    n_compared = 0
    tasks = _tasks(crystals, _groups(protostructures), tolerances)
    for some, compared in ordered_map(_compare, tasks, workers, "thread"):
        pairs += some
        n_compared += compared
    pairs.sort(key=lambda pair: (pair.first, pair.second))
    missing = sum(not label for label in protostructures)
    return NearDuplicates(tuple(pairs), n_compared, missing, tolerances)


def _tasks(
    crystals: CrystalSource, groups: Iterable[tuple[str, Int]], tolerances: NearSettings
) -> Iterator[tuple[Crystals, list[str], NearSettings]]:
    """Crystals of some whole groups with their labels, about `ROWS_AT_ONCE` in a task."""
    rows: list[Int] = []
    labels: list[str] = []
    for label, members in groups:
        rows.append(members)
        labels += [label] * len(members)
        if len(labels) >= ROWS_AT_ONCE:
            yield crystals.take(np.concatenate(rows)), labels, tolerances
            rows, labels = [], []
    if rows:
        yield crystals.take(np.concatenate(rows)), labels, tolerances


def _compare(task: tuple[Crystals, list[str], NearSettings]) -> tuple[list[Pair], int]:
    """Near duplicates within groups, and the number of pairs that were compared."""
    crystals, labels, tolerances = task
    volume = crystals.volume / np.maximum(crystals.n_sites, 1)
    fingerprints: dict[int, npt.NDArray[np.float64]] = {}
    pairs: list[Pair] = []
    n_compared = 0
    for label, rows in _groups(labels):
        ordered = rows[np.lexsort((crystals.ids[rows], volume[rows]))]
        for window in _windows(ordered, volume[ordered], tolerances.volume_tolerance):
            n_compared += len(window[1])
            pairs += _near(crystals, window, volume, fingerprints, label, tolerances)
    return pairs, n_compared


def confirmed(crystals: CrystalSource, pairs: Iterable[Pair]) -> list[Pair]:
    """The pairs that pymatgen's `StructureMatcher` (default tolerances) finds equal."""
    from matdata.adapters.structure_matcher import same_structure

    listed = list(pairs)
    named = {identity for pair in listed for identity in (pair.first, pair.second)}
    taken = crystals.take(np.flatnonzero(np.isin(crystals.ids, sorted(named))))
    row = {identity: k for k, identity in enumerate(taken.ids.tolist())}
    verdicts = same_structure(taken, [(row[p.first], row[p.second]) for p in listed])
    return [pair for pair, same in zip(listed, verdicts, strict=True) if same]


def pairs_between(
    crystals: CrystalSource,
    protostructures: Sequence[str | None] | None,
    parts: npt.ArrayLike,
    settings: NearSettings | None = None,
    judge: bool = False,
    workers: Workers = SEQUENTIAL,
) -> list[Pair]:
    """Near duplicates whose two crystals are in different parts of a split.

    Parameters
    ----------
    crystals, protostructures, settings, workers
        As in `find_near_duplicates`.
    parts : (n,) str
        Name of each crystal's part, ``""`` for none.
    judge
        Keep only pairs that `confirmed` confirms; pairs within a part are not passed to it.

    Raises
    ------
    CurationError
        If there are no protostructures.
    """
    names = np.asarray(parts, dtype=np.str_).tolist()
    part_of = dict(zip(crystals.ids.tolist(), names, strict=True))
    labels = _labels_across(require_labels(protostructures), names)
    pairs = find_near_duplicates(crystals, labels, settings, workers).pairs
    across = [pair for pair in pairs if part_of[pair.first] != part_of[pair.second]]
    return confirmed(crystals, across) if judge else across


def require_labels(protostructures: Sequence[str | None] | None) -> Sequence[str | None]:
    """The protostructures among which near duplicates are searched.

    Raises
    ------
    CurationError
        If there are none.
    """
    if protostructures is None:
        raise CurationError(
            "near duplicates are searched among equal protostructures, and there are none",
            cause="the dataset was built with --symmetry none",
            next_step="build it with symmetry (moyopy or spglib)",
        )
    return protostructures


def _labels_across(labels: Sequence[str | None], parts: Sequence[str]) -> list[str | None]:
    """Labels (n,) of crystals in a part; None where all of that label are in the same part."""
    first: dict[str | None, str] = {}
    across = {
        label
        for label, part in zip(labels, parts, strict=True)
        if part and first.setdefault(label, part) != part
    }
    return [
        label if part and label in across else None
        for label, part in zip(labels, parts, strict=True)
    ]


def _groups(labels: Sequence[str | None]) -> list[tuple[str, npt.NDArray[np.int64]]]:
    rows: dict[str, list[int]] = {}
    for row, label in enumerate(labels):
        if label:
            rows.setdefault(label, []).append(row)
    return [(k, np.array(v, dtype=np.int64)) for k, v in rows.items() if len(v) > 1]


def _windows(
    ordered: npt.NDArray[np.int64], volume: npt.NDArray[np.float64], tolerance: float
) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """Each crystal with those that follow it within the tolerance, in the order of volumes."""
    # the last of the window is above its first by at most the tolerance
    ends = np.searchsorted(volume, volume * (1 + tolerance), side="right")
    for position, end in enumerate(ends.tolist()):
        others = ordered[position + 1 : end]
        if len(others):
            yield int(ordered[position]), others


def _near(
    crystals: Crystals,
    window: tuple[int, npt.NDArray[np.int64]],
    volume: npt.NDArray[np.float64],
    fingerprints: dict[int, npt.NDArray[np.float64]],
    label: str,
    settings: NearSettings,
) -> list[Pair]:
    """Near duplicates of the window's first crystal among the others."""
    row, others = window
    for member in (row, *others.tolist()):
        if member not in fingerprints:
            fingerprints[member] = fingerprint(crystals, member, settings.neighbours)
    differences = np.abs(
        np.stack([fingerprints[k] for k in others.tolist()]) - fingerprints[row]
    ).max(axis=1)
    pairs = []
    for k in np.flatnonzero(differences <= settings.distance_tolerance).tolist():
        other = int(others[k])
        first, second = sorted((str(crystals.ids[row]), str(crystals.ids[other])))
        volume_difference = float(volume[other] / volume[row] - 1)
        pairs.append(Pair(first, second, label, volume_difference, float(differences[k])))
    return pairs
