"""From a snapshot to a dataset: made, found there, or repaired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from matdata.building.axes import axes_of
from matdata.building.dataset_metadata import DatasetMetadata, dataset_metadata, user_metadata
from matdata.building.options import BuildOptions
from matdata.building.own_axes import broken_axes
from matdata.building.report import nothing_left, print_dataset
from matdata.building.snapshot_records import SnapshotRecords
from matdata.building.spectra_inputs import (
    files_of,
    find_spectra,
    options_of_table,
    spectra_identity,
)
from matdata.core.cache import ensure_writable
from matdata.core.console import Console
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import CurationError
from matdata.core.executors import Workers
from matdata.curate.curate import Others, curate
from matdata.curate.curated import Curated, SymmetryCounts
from matdata.curate.known_symmetry import knowing
from matdata.curate.records import Records
from matdata.curate.settings import CurateSettings
from matdata.curate.write import dataset_folder, write_dataset
from matdata.sources.kept import origin_of
from matdata.sources.snapshot import Snapshot
from matdata.store.catalogue import clean_name, find_dataset
from matdata.store.damage import State, damage_of
from matdata.store.dataset_folder import KIND, DatasetFolder
from matdata.store.older_versions import MADE_BY
from matdata.store.user_metadata import USER_METADATA
from matdata.symmetry.maker import symmetry_maker

SYMMETRY = "symmetry"  # key of the receipt: how many were computed and reused


class BuiltDataset(NamedTuple):
    """A dataset, whether it was built, repaired, or there already, and how symmetry was found."""

    dataset: DatasetFolder
    state: State
    symmetry: SymmetryCounts = SymmetryCounts()


def make_dataset(
    snapshot: Snapshot, cache: Path, options: BuildOptions, console: Console, workers: Workers
) -> BuiltDataset:
    """Curate a snapshot into a dataset, or return the one that is there.

    What is damaged of that one is made again.

    Raises
    ------
    CurationError
        If not one record is left.
    DamageError
        If what was made again is not what was there.
    """
    folder, identity, others = planned_dataset(snapshot, cache, options)
    state: State = "unchanged"
    counts = SymmetryCounts()
    if not folder.is_dir() or damage_of(folder, KIND):
        ensure_writable(cache)  # before the work, not after it
        state, counts = _curate(snapshot, folder, identity, options, others, console, workers)
    dataset = DatasetFolder(folder)
    print_dataset(dataset, console, state, counts)
    return BuiltDataset(dataset, state, counts)


class PlannedDataset(NamedTuple):
    """Where a dataset is or will be, what it depends on, and the datasets that it leaves out."""

    folder: Path
    identity: JsonObject
    others: list[DatasetFolder]


def planned_dataset(snapshot: Snapshot, cache: Path, options: BuildOptions) -> PlannedDataset:
    """What a snapshot becomes with these options.

    Raises
    ------
    StoreError
        If a dataset that is left out is not there.
    """
    others = [find_dataset(cache, ref) for ref in options.drop_in]
    identity = _identity(snapshot, options, others)
    home = cache / "datasets" / identity["name"]
    return PlannedDataset(
        dataset_folder(home, snapshot.origin["version"], identity), identity, others
    )


def _identity(
    snapshot: Snapshot, options: BuildOptions, others: Sequence[DatasetFolder]
) -> JsonObject:
    """All that the dataset depends on."""
    origin = snapshot.origin
    identity = {
        "snapshot": snapshot.digest,
        "curation": _curation(snapshot, options).identity(),
        "drop_in": [other.digest for other in others],
        "name": options.name or clean_name(origin["name"]),
        "format": 1,
    }
    identity |= spectra_identity(options)
    axes = origin.get("axes", {})
    if axes or options.axis:
        identity |= {"axes": axes, "axis": list(options.axis)}
    from_user = user_metadata(origin, options)
    return {**identity, USER_METADATA: from_user} if from_user else identity


def _curation(snapshot: Snapshot, options: BuildOptions) -> CurateSettings:
    return options.curation.for_source(origin_of(snapshot.origin).dedupe)


def _curate(
    snapshot: Snapshot,
    folder: Path,
    identity: JsonMapping,
    options: BuildOptions,
    others: Sequence[DatasetFolder],
    console: Console,
    workers: Workers,
) -> tuple[State, SymmetryCounts]:
    origin = snapshot.origin
    energy = origin["energy_column"]
    part_column, role_column = origin.get("part_column"), origin.get("role_column")
    numeric = [*origin["targets"], *([energy] if energy else [])]
    store = SnapshotRecords(snapshot, numeric, [*filter(None, (part_column, role_column))])
    records = Records(
        store,
        store.rejects,
        energy,
        origin["energy_per"],
        kind=origin["kind"],
        part_column=part_column,
        role_column=role_column,
        protostructure_column=origin.get("protostructure_column"),
    )
    names = records.kept_names
    of_table = options_of_table(files_of(options), options)
    metadata = dataset_metadata(origin, store.kinds, names, of_table)
    records = replace(records, units=metadata.units)
    spectra = find_spectra(store, origin, names, metadata.units, options)
    if spectra is not None:
        spectra.read(store, console)
        records = replace(records, apart=spectra.apart, faults=spectra.faults(store))
    if not records.apart:
        broken = broken_axes(store, origin.get("axes", {}), names, of_table.axis)
        records = replace(records, faults={**broken, **records.faults})
    drop = _others(others, options.curation.drop_by)
    before = len(workers.losses.lines)
    settings = _curation(snapshot, options)
    with knowing(settings, folder) if options.reuse else nullcontext() as known:
        curated = curate(records, settings, drop, workers, known)
    counts = curated.symmetry_counts
    receipt = {MADE_BY: dict(symmetry_maker()), SYMMETRY: counts._asdict()}
    receipt |= workers.losses.receipt_since(before)
    if not len(curated):
        raise nothing_left(curated)
    about = _about(curated, snapshot, identity["name"], store.notes, names, metadata)
    if records.part_column is not None:
        about |= {"part_column": names[records.part_column]}
    beside = None
    if spectra is not None:
        beside = spectra.writer(curated.table.rows, store)
        about["targets"] |= spectra.targets
    axes = {
        names.get(one, one): names.get(axis, axis) for one, axis in origin.get("axes", {}).items()
    }
    axes = axes_of(curated.table, axes, () if records.apart else of_table.axis)
    units = metadata.units
    state = write_dataset(curated, folder, identity, about, units, axes, console, receipt, beside)
    return state, counts


def _about(
    curated: Curated,
    snapshot: Snapshot,
    name: str,
    notes: Sequence[str],
    names: Mapping[str, str],
    metadata: DatasetMetadata,
) -> JsonObject:
    """What the manifest says beside rows and files; columns by the names they are kept under."""
    origin = snapshot.origin
    return {
        "name": name,
        "kind": curated.kind,
        "dedupe": curated.dedupe,
        "symmetry": curated.symmetry,
        "energy_column": origin["energy_column"],
        "energy_per": origin["energy_per"],
        "targets": {
            names[column]: metadata.units.get(names[column], "")
            for column in origin["targets"]
            if column in names
        },
        "note": "; ".join(one for one in (origin["note"], *notes, _bare(curated, origin)) if one),
        "licence": metadata.licence,
        "citation": metadata.citation,
        "description": metadata.description,
        "made_from": {
            "snapshot": f"{origin['source']}/{snapshot.folder.name}",
            "records_digest": snapshot.digest,
        },
    }


def _bare(curated: Curated, origin: JsonMapping) -> str:
    """The note of a dataset of compositions from a source of structures."""
    bare = curated.kind == "composition" and origin["kind"] == "structure"
    return "no material has a structure: all are known by their formula" if bare else ""


def _others(datasets: Sequence[DatasetFolder], by: str) -> Others:
    keys = {str(key) for dataset in datasets for key in dataset.columns.get(by, []) if key}
    for dataset in datasets:
        if by not in dataset.columns:
            raise CurationError(
                f"{dataset.ref} has no column {by!r} to compare by",
                next_step="build it with symmetry, or compare by formula",
            )
    return Others(tuple(dataset.ref for dataset in datasets), frozenset(keys))
