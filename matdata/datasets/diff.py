"""Differences between two versions of a dataset or a snapshot, material by material."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from matdata.core.crystals import Crystals
from matdata.core.documents import JsonObject
from matdata.core.errors import StructureError
from matdata.core.settings import Settings, setting
from matdata.curate.fingerprint import fingerprint
from matdata.datasets.snapshot_view import SnapshotView
from matdata.store.dataset_folder import DatasetFolder

Side = DatasetFolder | SnapshotView
EXACT = 1e-6  # Å and fractions: below it, positions are equal up to rounding
NEIGHBOURS = 6
NOT_GIVEN = "not in the source"


@dataclass(frozen=True)
class Change:
    """A value of a material that has changed."""

    material_id: str
    what: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Tolerances(Settings):
    """Tolerances above which a difference counts as a change."""

    target: float = setting(1e-3, "difference of a target, in its own unit", minimum=0.0)
    volume: float = setting(0.01, "relative difference of the volumes per atom", minimum=0.0)
    distance: float = setting(
        0.01,
        "difference of mean neighbour distances, in units of the cube root of the volume per atom",
        minimum=0.0,
    )


@dataclass(frozen=True)
class Diff:
    """The differences of two datasets; a material is in one of the first four lists at most.

    Attributes
    ----------
    before, after
        References.
    added
        Ids that are new.
    removed
        Ids that are missing now, with their reason in the newer ledger.
    deprecated
        Ids that are missing because their database deprecated them.
    swapped
        Formulas now represented by another material: formula, id before, id after.
    retargeted, restructured
        Materials of both whose target or structure changed.
    units
        Targets whose units differ; their values are not compared.
    unchanged
        Number of materials of both without any change.
    """

    before: str
    after: str
    added: list[str]
    removed: dict[str, str]
    deprecated: list[str]
    swapped: list[tuple[str, str, str]]
    retargeted: list[Change]
    restructured: list[Change]
    units: dict[str, tuple[str, str]] = field(default_factory=dict)
    unchanged: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not any(self.counts().values()) and not self.units

    def counts(self) -> dict[str, int]:
        """Number of materials by kind of change."""
        return {
            "added": len(self.added),
            "removed": len(self.removed),
            "deprecated": len(self.deprecated),
            "polymorph swapped": len(self.swapped),
            "retargeted": len({change.material_id for change in self.retargeted}),
            "structure changed": len(self.restructured),
        }

    def to_json(self) -> JsonObject:
        """The differences as plain JSON values."""
        return {**asdict(self), "counts": self.counts()}


def compare(before: Side, after: Side, tolerances: Tolerances | None = None) -> Diff:
    """Compare two datasets, or two snapshots, by material id.

    Snapshots hold every record of a formula, so polymorphs are never swapped in them.

    Raises
    ------
    StructureError
        If one holds structures alone and the other compositions alone.
    """
    if {before.kind, after.kind} == {"structure", "composition"}:
        raise StructureError(
            f"{before.ref} holds {before.kind}s and {after.ref} {after.kind}s; they "
            "cannot be compared"
        )
    limits = tolerances or Tolerances()
    old, new = set(before.ids.tolist()), set(after.ids.tolist())
    removed, added = old - new, new - old
    reason_of = {reject.material_id: reject.reason for reject in after.rejects()}
    deprecated = {identity for identity in removed if reason_of.get(identity) == "deprecated"}
    swapped = _swapped(before, after, removed - deprecated, added)
    removed -= deprecated | {identity for _, identity, _ in swapped}
    added -= {identity for _, _, identity in swapped}
    common = sorted(old & new)
    units = _units(before, after)
    retargeted = _retargeted(before, after, common, limits.target, set(units))
    restructured = _restructured(before, after, common, limits)
    changed = {change.material_id for change in [*retargeted, *restructured]}
    return Diff(
        before.ref,
        after.ref,
        sorted(added),
        {identity: reason_of.get(identity, NOT_GIVEN) for identity in sorted(removed)},
        sorted(deprecated),
        swapped,
        retargeted,
        restructured,
        units,
        len(common) - len(changed),
    )


def _swapped(
    before: Side, after: Side, removed: set[str], added: set[str]
) -> list[tuple[str, str, str]]:
    """Formulas with one material on each side, neither of which is on the other."""
    if isinstance(before, SnapshotView) or isinstance(after, SnapshotView):
        return []

    def by_formula(dataset: DatasetFolder) -> dict[str, list[str]]:
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for identity, formula in zip(dataset.ids.tolist(), dataset.columns["formula"], strict=True):
            groups[formula].append(identity)
        return groups

    old, new = by_formula(before), by_formula(after)
    pairs = [(formula, old[formula], new[formula]) for formula in sorted(old.keys() & new.keys())]
    return [
        (formula, first[0], second[0])
        for formula, first, second in pairs
        if len(first) == len(second) == 1 and first[0] in removed and second[0] in added
    ]


def _units(before: Side, after: Side) -> dict[str, tuple[str, str]]:
    shared = before.manifest["targets"].keys() & after.manifest["targets"].keys()
    units = {name: (before.units.get(name, ""), after.units.get(name, "")) for name in shared}
    return {name: pair for name, pair in sorted(units.items()) if pair[0] != pair[1]}


def _retargeted(
    before: Side,
    after: Side,
    common: list[str],
    tolerance: float,
    skip: set[str],
) -> list[Change]:
    shared = before.manifest["targets"].keys() & after.manifest["targets"].keys()
    names = [name for name in sorted(shared - skip) if name in before.columns]
    changes = []
    for identity in common:
        first, second = before.row(identity), after.row(identity)
        for name in names:
            old = before.columns[name][first]
            new = after.columns[name][second] if name in after.columns else None
            if _differs(old, new, tolerance):
                changes.append(Change(identity, name, old, new))
    return changes


def _differs(old: object, new: object, tolerance: float) -> bool:
    if old is None or new is None:
        return (old is None) != (new is None)
    if isinstance(old, (str, bool)) or isinstance(new, (str, bool)):
        return bool(old != new)
    first, second = np.asarray(old, dtype=np.float64), np.asarray(new, dtype=np.float64)
    return first.shape != second.shape or bool((np.abs(first - second) > tolerance).any())


def _restructured(before: Side, after: Side, common: list[str], limits: Tolerances) -> list[Change]:
    if before.kind == after.kind == "composition":
        return []
    changes = []
    for identity in common:
        first = before.structures.crystal(before.row(identity))
        second = after.structures.crystal(after.row(identity))
        if first is None or second is None:
            if first is not second:
                had, has = ("no" if one is None else "yes" for one in (first, second))
                changes.append(Change(identity, "structure", had, has))
            continue
        if _same(first, second):
            continue
        labels = [
            side.columns["protostructure"][side.row(identity)]
            if "protostructure" in side.columns
            else None
            for side in (before, after)
        ]
        change = _structure_change(first, second, labels, limits)
        if change is not None:
            changes.append(Change(identity, *change))
    return changes


def _same(first: Crystals, second: Crystals) -> bool:
    """Whether two crystals are equal up to rounding, in the same cell and order."""
    if not np.array_equal(first.numbers, second.numbers):
        return False
    shift = first.frac_coords - second.frac_coords
    shift -= np.round(shift)
    lattices = np.abs(first.lattice - second.lattice)
    return bool(lattices.max() < EXACT and np.abs(shift).max() < EXACT)


def _structure_change(
    first: Crystals, second: Crystals, labels: list[Any], limits: Tolerances
) -> tuple[str, Any, Any] | None:
    """The difference of two crystals, independent of cell, order and orientation."""
    counts = [
        np.bincount(crystal.numbers, minlength=128) / len(crystal.numbers)
        for crystal in (first, second)
    ]
    if not np.allclose(counts[0], counts[1]):
        return "composition", None, None
    if None not in labels and labels[0] != labels[1]:
        return "protostructure", labels[0], labels[1]
    volumes = [float(crystal.volume[0]) / len(crystal.numbers) for crystal in (first, second)]
    if abs(volumes[1] / volumes[0] - 1.0) > limits.volume:
        return "volume_per_atom", volumes[0], volumes[1]
    fingerprints = [fingerprint(crystal, 0, NEIGHBOURS) for crystal in (first, second)]
    distance = float(np.abs(fingerprints[0] - fingerprints[1]).max())
    return ("distances", 0.0, distance) if distance > limits.distance else None
