"""Hull distances of materials: columns of a table, and how many could not be computed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError, CurationError
from matdata.core.executors import SEQUENTIAL, Workers
from matdata.phases.formation import energies_of_elements
from matdata.phases.reference import Mixtures
from matdata.stability.energies import PER_ATOM, Energies, Kind
from matdata.stability.reference import StoredReference
from matdata.stability.schemes import require_one

Float = npt.NDArray[np.float64]
ABOVE, DECOMPOSITION = "energy_above_hull", "decomposition"
SEPARATION, FORMATION = "phase_separation_energy", "formation_energy_per_atom"
#: Distances to the hull below this are those of rounding, eV/atom.
ROUNDING = 1e-10
UNITS = {ABOVE: PER_ATOM, SEPARATION: PER_ATOM, FORMATION: PER_ATOM}


@dataclass(frozen=True, eq=False)
class Stability:
    """How stable n materials are.

    Attributes
    ----------
    columns
        By name the cells of n materials; None where one is not known.
    counts
        ``computed``, ``without_energy``, ``outside``: materials, all of them together n;
        ``missing_elements``: by element without reference the materials that hold it.
    """

    columns: dict[str, list[Any]]
    counts: JsonObject

    def notes(self) -> list[str]:
        """What could not be computed, in words; empty if all could."""
        notes = []
        if self.counts["without_energy"]:
            notes.append(f"{self.counts['without_energy']:,} materials have no energy")
        if self.counts["outside"]:
            missing = self.counts["missing_elements"]
            which = ", ".join(f"{symbol} ({count:,})" for symbol, count in missing.items())
            why = f": no entry of {which}" if which else ""
            notes.append(f"{self.counts['outside']:,} materials are outside the reference{why}")
        return notes


def stability_of(
    energies: Energies, reference: StoredReference, workers: Workers = SEQUENTIAL
) -> Stability:
    """Columns of materials against a reference.

    Parameters
    ----------
    energies
        Of n materials.
    reference
        Known phases.
    workers
        Threads.

    Raises
    ------
    CurationError
        If the energies are of another correction scheme than the reference's, or no material
        lies in its chemical systems.
    ConfigError
        If the reference holds formation energies, and these are total energies.
    """
    _require_comparable(energies, reference)
    known = energies.known
    compositions = energies.compositions.take(known)
    shift = _shift(energies.kind, reference, compositions)
    relative = energies.values[known] + shift  # in terms of the reference's energies
    elements = energies_of_elements(compositions, reference.hull.table.elements)
    mixed = reference.hull.mixtures(compositions, workers)
    # A hull without one of its corners is none, even where some mixture has the composition.
    inside = np.flatnonzero(np.isfinite(mixed.energies) & np.isfinite(elements))
    counts = _counts(energies, reference, known, inside, compositions)
    if len(known) and not len(inside):
        missing = ", ".join(counts["missing_elements"]) or "some elements"
        raise CurationError(
            f"no material lies in the chemical systems of {reference.ref}: no entry of {missing}",
            cause="a reference of other elements",
            next_step="name one that holds these elements, or several (--reference again)",
        )
    others = reference.hull.mixtures_of_others(compositions, workers).energies
    columns = {
        ABOVE: without_rounding(relative - mixed.energies),
        SEPARATION: relative - others,
    }
    if energies.kind == "total":
        columns = {FORMATION: relative - elements, **columns}
    n = len(energies.values)
    rows = known[inside]
    cells: dict[str, list[Any]] = {
        name: _cells(n, rows, values[inside]) for name, values in columns.items()
    }
    cells[DECOMPOSITION] = _decompositions(n, rows, inside, mixed, reference)
    return Stability(cells, counts)


def without_rounding(distances: Float) -> Float:
    """Distances (n,); zero for phases on the hull, since the sign decides what is stable."""
    return np.where(np.abs(distances) < ROUNDING, 0.0, distances)


def _require_comparable(energies: Energies, reference: StoredReference) -> None:
    counts: Counter[str] = Counter()
    counts[reference.scheme] += len(reference.compositions)
    counts[energies.scheme] += len(energies.known)
    require_one(counts, f"reference and materials (column {energies.column.name!r})")
    if energies.kind == "total" and reference.kind == "formation":
        raise ConfigError(
            f"{reference.ref} holds formation energies, and {energies.column.name!r} total ones",
            next_step="name a column of formation energies (--energy COLUMN --formation), or a "
            "reference of total energies",
        )


def _shift(kind: Kind, reference: StoredReference, compositions: Compositions) -> Float:
    """What is added to energies to compare them with those of a reference, (n,), eV/atom."""
    if kind == reference.kind:
        return np.zeros(len(compositions))
    return energies_of_elements(compositions, reference.hull.table.elements)


def _counts(
    energies: Energies, reference: StoredReference, known: npt.NDArray[np.int64],
    inside: npt.NDArray[np.int64], compositions: Compositions,
) -> JsonObject:  # fmt: skip
    outside = np.setdiff1d(np.arange(len(known)), inside)
    return {
        "computed": len(inside),
        "without_energy": len(energies.values) - len(known),
        "outside": len(outside),
        "missing_elements": reference.hull.missing_elements(compositions.take(outside)),
    }


def _cells(n: int, rows: npt.NDArray[np.int64], values: Float) -> list[float | None]:
    cells: list[float | None] = [None] * n
    for row, value in zip(rows.tolist(), values.tolist(), strict=True):
        cells[row] = value if np.isfinite(value) else None
    return cells


def _decompositions(
    n: int, rows: npt.NDArray[np.int64], inside: npt.NDArray[np.int64], mixed: Mixtures,
    reference: StoredReference,
) -> list[list[JsonObject] | None]:  # fmt: skip
    """Phases of each material: entry, formula, and its share of the atoms, largest first."""
    entries, amounts = mixed.entries[inside], mixed.amounts[inside]
    used = entries >= 0
    names = iter(reference.names_of(entries[used]))
    cells: list[list[JsonObject] | None] = [None] * n
    for row, has, shares in zip(rows.tolist(), used, amounts, strict=True):
        phases = [
            {"id": name, "formula": formula, "amount": share}
            for share, (name, formula) in zip(shares[has].tolist(), names, strict=False)
        ]
        cells[row] = sorted(phases, key=lambda phase: -phase["amount"])
    return cells
