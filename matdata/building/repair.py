"""Artefacts made again from what they were made from, without the command that made them.

A dataset comes from its snapshot, a feature and a split from their dataset. What they were asked
for stands in their manifests, so an artefact whose manifest is damaged is mended by its own command
alone; of a feature with default settings the name of its folder says enough.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from matdata.building.dataset import make_dataset
from matdata.building.options import BuildOptions
from matdata.building.pipeline import add_features
from matdata.core.console import SILENT, Console
from matdata.core.documents import JsonMapping
from matdata.core.errors import DamageError, MatdataError
from matdata.core.executors import Workers, default_workers
from matdata.curate.settings import CurateSettings
from matdata.features.runner import KIND as FEATURE
from matdata.features.runner import SHARD_ROWS
from matdata.sources.snapshot import KIND as SNAPSHOT
from matdata.sources.snapshot import Snapshot
from matdata.splits import METHODS, make_splits
from matdata.splits.saved import save_splits
from matdata.store import notes
from matdata.store.catalogue import datasets, features, find_dataset
from matdata.store.damage import damage_of, require_whole
from matdata.store.dataset_folder import KIND as DATASET
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.manifest import RECEIPT, is_committed, read_manifest
from matdata.store.records import read_record
from matdata.store.said import SAID

SPLITS = "splits"


def repair(cache: Path, ref: str, console: Console = SILENT) -> list[str]:
    """Make again what is damaged of a dataset, its splits and its features.

    Returns
    -------
    list of str
        Names of what was damaged.

    Raises
    ------
    DamageError
        If something cannot be made again, with the command that can.
    """
    folder = find_dataset(cache, ref).folder
    mended = [folder.name] if damage_of(folder, DATASET) else []
    if mended:
        repair_at(folder, console)
    dataset = DatasetFolder(folder)
    for name in dataset.split_names():
        try:
            dataset.load_split(name)
        except DamageError:
            repair_at(folder / SPLITS / f"{name}{notes.NOTE}", console)
            mended.append(name)
    for feature in features(cache, dataset.data_ref):
        if damage_of(feature, FEATURE):
            repair_at(feature, console)
            mended.append(feature.name)
    return mended


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
    try:
        manifest = read_manifest(folder, DATASET)
        snapshot = _snapshot(cache, manifest)
        require_whole(snapshot.folder, SNAPSHOT)
        options = _options_of(cache, manifest)
    except MatdataError as error:
        raise DamageError(
            f"dataset {folder.parent.name}@{folder.name} is damaged, and cannot be made again: "
            f"{error.what}",
            cause=error.cause,
            next_step="give the `matdata build` that made it again: it repairs it from the source",
        ) from error
    made = make_dataset(snapshot, cache, options, console, Workers(default_workers()))
    _require_at(folder, made.dataset.folder)


def _snapshot(cache: Path, manifest: JsonMapping) -> Snapshot:
    folder = cache / "snapshots" / manifest["made_from"]["snapshot"]
    if not is_committed(folder):
        raise DamageError(f"its snapshot is not in this cache: {folder}")
    return Snapshot.open(folder)


def _options_of(cache: Path, manifest: JsonMapping) -> BuildOptions:
    """What a dataset was asked for; that mixed levels of theory are in it was accepted then."""
    identity = manifest["identity"]
    curation = CurateSettings.from_mapping({**identity["curation"], "mixed": "allow"})
    by_digest = (
        {
            dataset.digest: dataset.ref
            for folders in datasets(cache).values()
            for dataset in map(DatasetFolder, folders)
        }
        if identity["drop_in"]
        else {}
    )
    missing = [digest for digest in identity["drop_in"] if digest not in by_digest]
    if missing:
        raise DamageError(f"the dataset {missing[0][:8]} that it leaves out is not in this cache")
    said = dict(identity.get(SAID, {}))
    return BuildOptions(
        name=identity["name"],
        curation=curation,
        drop_in=tuple(by_digest[digest] for digest in identity["drop_in"]),
        axis=tuple(identity.get("axis", ())),
        unit=said.pop("units", {}),
        **said,
    )


def _repair_feature(folder: Path, console: Console) -> None:
    cache, ref = folder.parents[2], folder.parent.name
    dataset = find_dataset(cache, ref)
    try:
        manifest = read_manifest(folder, FEATURE)
        settings = {k: v for k, v in manifest["settings"].items() if k != "variant"}
        options = BuildOptions(
            features=(manifest["feature"],),
            feature_settings={manifest["feature"]: settings},
            store=manifest["store"],
            shard_rows=_shard_rows(folder),
        )
    except DamageError:  # with default settings, its name says what it is
        options = BuildOptions(features=(folder.name.rpartition("-")[0],))
    (made,) = add_features(dataset, cache, options, console)
    _require_at(folder, made.folder)


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
