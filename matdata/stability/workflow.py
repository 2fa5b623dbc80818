"""Hull distances of a dataset as a new version of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matdata.core.console import SILENT, Console
from matdata.core.documents import JsonObject
from matdata.core.executors import SEQUENTIAL, Workers
from matdata.stability.columns import UNITS, stability_of
from matdata.stability.energies import FORMATION, Energies, energies_of
from matdata.stability.finding import find_reference, joined_reference, reference_of
from matdata.stability.options import HullSettings
from matdata.stability.reference import StoredReference
from matdata.stability.version import base_of, require_free, with_columns
from matdata.store.catalogue import mark_used
from matdata.store.damage import State
from matdata.store.dataset_folder import DatasetFolder


@dataclass(frozen=True)
class HullResult:
    """What `add_hull` made.

    Attributes
    ----------
    dataset, state
        The version with the new columns, and whether it was there.
    reference
        What it was compared with.
    columns
        Names of the new columns.
    counts
        As of `matdata.stability.columns.Stability`.
    notes
        What could not be computed, in words.
    """

    dataset: DatasetFolder
    state: State
    reference: StoredReference
    columns: list[str]
    counts: JsonObject
    notes: list[str]


def add_hull(
    cache: Path, dataset: DatasetFolder, references: Sequence[str] = (),
    settings: HullSettings | None = None, workers: Workers = SEQUENTIAL,
    console: Console = SILENT,
) -> HullResult:  # fmt: skip
    """Energies above the hull, decompositions and phase-separation energies of a dataset.

    The version with these columns is what the dataset's bare name means from then on.

    Parameters
    ----------
    cache
        Where it is stored.
    dataset
        The dataset; of one with such columns the version without them is taken.
    references
        Names of references or datasets (`find_reference`); the dataset itself if there are none.
    settings
        Which energies.
    workers, console
        Threads, and where is printed what could not be computed.

    Raises
    ------
    ConfigError, CurationError, StoreError
        If there are no energies, they must not be compared, or the columns are there already.
    """
    settings = settings or HullSettings()
    base = base_of(cache, dataset)
    formation = settings.formation
    if references:
        each = [find_reference(cache, one, settings.scheme, workers, console) for one in references]
        reference = joined_reference(cache, each, workers, console)
        formation |= _takes_formation(base, settings, reference)
    else:
        reference = reference_of(
            cache, base, settings.energy, settings.scheme, workers, console, formation=formation
        )
    energies = energies_of(base, settings.energy, settings.scheme, formation=formation)
    stability = stability_of(energies, reference, workers)
    columns = {f"{settings.prefix}{name}": cells for name, cells in stability.columns.items()}
    require_free(base, columns)
    units = {f"{settings.prefix}{name}": unit for name, unit in UNITS.items()}
    computed = _computed(energies, reference, settings, stability.counts)
    notes = stability.notes()
    version, state = with_columns(cache, base, columns, units, computed, "; ".join(notes), console)
    mark_used(version.folder)
    return HullResult(version, state, reference, list(columns), stability.counts, notes)


def _takes_formation(
    base: DatasetFolder, settings: HullSettings, reference: StoredReference
) -> bool:
    """Whether formation energies are taken because the reference holds nothing else."""
    has_formation = any(name in base.columns for name in FORMATION)
    return reference.kind == "formation" and settings.energy is None and has_formation


def _computed(
    energies: Energies, reference: StoredReference, settings: HullSettings, counts: JsonObject
) -> JsonObject:
    """What the columns depend on."""
    return {
        "reference": reference.ref,
        "reference_digest": reference.digest,
        "energy": energies.column.name,
        "per": energies.column.per,
        "energies": energies.kind,
        "scheme": energies.scheme,
        "prefix": settings.prefix,
        "counts": counts,
        "format": 1,
    }
