"""Artefacts made again from what they were made from, without the command that made them.

A dataset comes from its snapshot, a feature and a split from their dataset. What they were asked
for stands in their manifests, so an artefact whose manifest is damaged is mended by its own command
alone; of a feature with default settings the name of its folder says enough.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from matdata.building.dataset import make_dataset, planned_dataset
from matdata.building.feature_stage import feature_job
from matdata.building.options import BuildOptions
from matdata.building.report import print_feature
from matdata.building.spectra_inputs import spectra_options
from matdata.core.console import SILENT, Console
from matdata.core.documents import JsonMapping
from matdata.core.errors import DamageError, MatdataError
from matdata.core.executors import Workers, default_workers
from matdata.curate.settings import CurateSettings
from matdata.features import FEATURIZERS, featurizer
from matdata.features.building.jobs import Job
from matdata.features.building.runner import SHARD_ROWS, run
from matdata.sources.snapshot import Snapshot
from matdata.sources.snapshot_requests import KIND as SNAPSHOT
from matdata.splits import METHODS, make_splits
from matdata.splits.saved import save_splits
from matdata.store import notes
from matdata.store.backends import BACKENDS
from matdata.store.catalogue import (
    all_datasets,
    find_dataset,
    find_snapshot_folder,
    versions_of_rows,
)
from matdata.store.damage import damage_of, require_whole
from matdata.store.dataset_folder import KIND as DATASET
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.feature_catalogue import KIND as FEATURE
from matdata.store.feature_catalogue import of_feature
from matdata.store.manifest import RECEIPT, is_committed, read_manifest
from matdata.store.records import read_record
from matdata.store.user_metadata import COMPUTED, USER_METADATA
from matdata.store.walk import children

SPLITS = "splits"


def repair(cache: Path, ref: str, console: Console = SILENT) -> list[str]:
    """Make again what is damaged of a dataset, its splits and its features.

    What cannot be made again leaves the others no worse: all of them are tried.

    Returns
    -------
    list of str
        Names of what was damaged.

    Raises
    ------
    MatdataError
        If something cannot be made again, with the command that can; the first such error.
    """
    folder = find_dataset(cache, ref).folder
    mended = _repair_each([folder] if damage_of(folder, DATASET) else [], console)
    dataset = DatasetFolder(folder)
    damaged = [folder / SPLITS / f"{name}{notes.NOTE}" for name in _damaged_splits(dataset)]
    paths, _ = children(cache / "features" / dataset.data_ref)
    features = [path for path in paths if path.is_dir() and not path.name.startswith(".")]
    damaged += [feature for feature in features if damage_of(feature, FEATURE)]
    return mended + _repair_each(damaged, console)


def _damaged_splits(dataset: DatasetFolder) -> list[str]:
    damaged = []
    for name in dataset.split_names():
        try:
            dataset.split_note(name)
        except DamageError:
            damaged.append(name)
    return damaged


def _repair_each(paths: list[Path], console: Console) -> list[str]:
    """Names of the artefacts at these paths, all made again; the first error after all tries."""
    names, errors = [], []
    for path in paths:
        try:
            repair_at(path, console)
        except MatdataError as error:
            errors.append(error)
        else:
            names.append(path.name.removesuffix(notes.NOTE))
            console.say(f"repaired: {names[-1]}")
    for other in errors[1:]:
        console.warn(other.in_one_line)
    if errors:
        raise errors[0]
    return names


def repair_at(path: Path, console: Console = SILENT) -> None:
    """Make again what is damaged of one artefact.

    Parameters
    ----------
    path
        Its folder in a cache, or the note of a split.

    Raises
    ------
    DamageError
        If it cannot be made again, with the command that can.
    """
    home = path.parent
    if home.name == SPLITS:
        _repair_split(path, console)
    elif home.parent.name == "datasets":
        _repair_dataset(path, console)
    elif home.parent.name == "features":
        _repair_feature(path, console)
    else:
        command = "build" if home.parent.name == "snapshots" else "train"
        raise DamageError(
            f"{path} is damaged and cannot be made again from this cache",
            next_step=f"give the `matdata {command}` that made it again",
        )


def _repair_dataset(folder: Path, console: Console) -> None:
    cache = folder.parents[2]
    _refuse_computed(folder)
    try:
        manifest = read_manifest(folder, DATASET)
        options = _options_of(cache, manifest)
        snapshot = _snapshot(folder, manifest, options)
        require_whole(snapshot.folder, SNAPSHOT)
    except MatdataError as error:
        raise DamageError(
            f"dataset {folder.parent.name}@{folder.name} is damaged, and cannot be made again: "
            f"{error.what}",
            cause=error.cause,
            next_step="give the `matdata build` that made it again: it repairs it from the source",
        ) from error
    dataset, *_ = make_dataset(snapshot, cache, options, console, Workers(default_workers()))
    _require_at(folder, dataset.folder)


def _refuse_computed(folder: Path) -> None:
    """Refuse a version with computed columns, which is made from another one by its command."""
    identity: JsonMapping = {}
    with contextlib.suppress(MatdataError):
        identity = read_manifest(folder, DATASET)["identity"]
    if COMPUTED in identity:
        raise DamageError(
            f"dataset {folder.parent.name}@{folder.name} is damaged, and has columns that were "
            "computed from its energies",
            next_step="give the `matdata hull` that made it again: it repairs it",
        )


def _snapshot(dataset: Path, manifest: JsonMapping, options: BuildOptions) -> Snapshot:
    """The snapshot of a dataset, as the request describes it that gives this dataset."""
    cache = dataset.parents[2]
    folder = find_snapshot_folder(cache, manifest["made_from"]["snapshot"])
    if not is_committed(folder):
        raise DamageError(f"its snapshot is not in this cache: {folder}")
    for snapshot in Snapshot.of_each_request(folder):
        if planned_dataset(snapshot, cache, options).folder == dataset:
            return snapshot
    return Snapshot.open(folder)


def _options_of(cache: Path, manifest: JsonMapping) -> BuildOptions:
    """What a dataset was asked for; that mixed levels of theory are in it was accepted then."""
    identity = manifest["identity"]
    curation = CurateSettings.from_mapping({**identity["curation"], "mixed": "allow"})
    by_digest = (
        {dataset.digest: dataset.ref for dataset in all_datasets(cache)}
        if identity["drop_in"]
        else {}
    )
    missing = [digest for digest in identity["drop_in"] if digest not in by_digest]
    if missing:
        raise DamageError(f"the dataset {missing[0][:8]} that it leaves out is not in this cache")
    from_user = dict(identity.get(USER_METADATA, {}))
    return BuildOptions(
        name=identity["name"],
        curation=curation,
        drop_in=tuple(by_digest[digest] for digest in identity["drop_in"]),
        axis=tuple(identity.get("axis", ())),
        unit=from_user.pop("units", {}),
        **spectra_options(identity),
        **from_user,
    )


def _repair_feature(folder: Path, console: Console) -> None:
    dataset, job = _made_of(folder)
    made = run(job, console, Workers(default_workers()))
    print_feature(made, dataset.manifest["rows"], console)


def _made_of(folder: Path) -> tuple[DatasetFolder, Job]:
    """The version of its dataset and the settings that a feature was made from.

    Versions that differ in units have one folder of features, in which those of columns differ.

    Raises
    ------
    MatdataError
        If no version gives it: the first reason.
    """
    errors: list[MatdataError] = []
    for dataset in versions_of_rows(folder.parents[2], folder.parent.name):
        try:
            require_whole(dataset.folder, DATASET)
            for job in _jobs(folder, dataset):
                if job.name() == folder.name:
                    return dataset, job
        except MatdataError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    raise DamageError(
        f"{folder} is damaged, and nothing in this cache gives it again",
        cause="its dataset is not there, the record of its settings is damaged as well, or another "
        "version of matdata made it",
        next_step="give the `matdata featurize` that made it again, or remove the folder",
    )


def _jobs(folder: Path, dataset: DatasetFolder) -> Iterator[Job]:
    """What a feature was asked for: by its manifest, else by its name with default settings."""
    cache = folder.parents[2]
    if is_committed(folder):
        with contextlib.suppress(DamageError):
            manifest = read_manifest(folder, FEATURE)
            settings = {k: v for k, v in manifest["settings"].items() if k != "variant"}
            options = BuildOptions(store=manifest["store"], shard_rows=_shard_rows(folder))
            asked = featurizer(manifest["feature"], settings)
            yield feature_job(dataset, asked, cache, options)
            return
    columns = [f"column:{name}" for name in dataset.columns]
    for spec in filter(functools.partial(of_feature, folder), [*FEATURIZERS.names(), *columns]):
        for store in BACKENDS:
            yield feature_job(dataset, featurizer(spec), cache, BuildOptions(store=store))


def _shard_rows(folder: Path) -> int | None:
    """How many crystals a shard has; None, which is most often right, if the receipt is damaged."""
    try:
        rows: int | None = read_record(folder / RECEIPT).get(SHARD_ROWS)
    except DamageError:
        return None
    return rows


def _repair_split(path: Path, console: Console) -> None:
    dataset = DatasetFolder(path.parents[1])
    name = path.name.removesuffix(notes.NOTE)
    try:
        note = notes.read_note(path.parent, name)
    except DamageError as error:
        raise DamageError(
            f"split {name!r} of {dataset.ref} is damaged, and so is the note of how it was made",
            next_step="give the `matdata split` that made it again: it repairs it",
        ) from error
    method = METHODS.get(note["method"])
    known = [key for key, _, _ in method.settings.describe()]
    settings = {key: value for key, value in note["settings"].items() if key in known}
    splits = make_splits(note["method"], dataset.ids, dataset.columns, settings)
    same = [split for split in splits if split.digest() == note[notes.CONTENT]]
    if not same:
        raise DamageError(
            f"split {name!r} of {dataset.ref} is damaged, and its settings give another one now",
            cause="it was made by another version of matdata, or from a file that was changed",
            next_step=f"make it again under another name (`matdata split {dataset.ref} --name`)",
        )
    save_splits(dataset, [replace(same[0], name=name)], console)


def _require_at(damaged: Path, made: Path) -> None:
    if damaged != made:
        raise DamageError(
            f"{damaged} is damaged, and what is made of the same settings now is {made.name}",
            cause="it was made by another version of matdata",
            next_step="use that one, and remove the damaged folder",
        )
