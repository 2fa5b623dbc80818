"""Artefacts of a cache as they are shared: their files, and what they need."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from matdata.core.errors import StoreError
from matdata.sharing.layout import Key, fault_of_names
from matdata.sharing.record import BLOCK, FileRecord, Record
from matdata.store import notes
from matdata.store.catalogue import find_dataset, find_snapshot_folder
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.feature_catalogue import features_in_places
from matdata.store.manifest import NAME, RECEIPT, read_manifest
from matdata.store.verify import is_passing
from matdata.store.walk import entries_below
from matdata.store.wholeness import damage_error, refusal
from matdata.training.contents import RESULT, read_sealed, recorded_digests
from matdata.training.run import KIND as RUN

#: Where the files of a feature lie that are read by parts.
SHARDS = "shards/"


@dataclass(frozen=True)
class Artefact:
    """A finished artefact of a cache.

    Attributes
    ----------
    key
        Which one.
    files
        Its files by relative name.
    stated
        SHA-256 of those whose digest it states.
    needs
        What must be where it goes.
    """

    key: Key
    files: Mapping[str, Path]
    stated: Mapping[str, str]
    needs: tuple[Key, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.files.values())


def dataset_key(dataset: DatasetFolder) -> Key:
    """The key of a dataset."""
    return Key("dataset", str(dataset.manifest["name"]), dataset.folder.name)


def dataset_artefact(dataset: DatasetFolder) -> Artefact:
    """A dataset without its splits and features."""
    return committed_artefact(dataset_key(dataset), dataset.folder)


def split_artefact(dataset: DatasetFolder, name: str) -> Artefact:
    """A split of a dataset.

    Raises
    ------
    StoreError
        If there is none of that name, it is damaged, or of another dataset.
    """
    note = dataset.load_split(name)[1]
    home = dataset.folder / "splits"
    files = {f"{name}{ending}": home / f"{name}{ending}" for ending in (notes.TABLE, notes.NOTE)}
    needs = (dataset_key(dataset),)
    return Artefact(
        Key("split", dataset.ref, name), files, {f"{name}{notes.TABLE}": note["sha256"]}, needs
    )


def feature_artefact(dataset: DatasetFolder, folder: Path) -> Artefact:
    """A feature of a dataset."""
    key = Key("feature", dataset.data_ref, folder.name)
    return committed_artefact(key, folder, (dataset_key(dataset),))


def snapshot_artefact(cache: Path, dataset: DatasetFolder) -> Artefact:
    """The snapshot that a dataset was made from.

    Raises
    ------
    StoreError
        If it is not in the cache.
    """
    ref = str(dataset.manifest["made_from"]["snapshot"])
    source, _, version = ref.partition("/")
    return committed_artefact(Key("snapshot", source, version), find_snapshot_folder(cache, ref))


def run_artefact(cache: Path, folder: Path) -> tuple[Artefact, DatasetFolder]:
    """A finished run and the dataset that it was trained on.

    Raises
    ------
    StoreError
        If it is not finished, its dataset, split or a feature is not in the cache, or it was
        imported without a dataset.
    """
    manifest = read_manifest(folder, RUN)
    if not (folder / RESULT).is_file():
        raise StoreError(
            f"run {folder.name!r} is not finished, and only finished runs are shared",
            next_step="give the command that started it again; it goes on from its checkpoint",
        )
    if manifest["dataset"] is None:
        raise StoreError(
            f"run {folder.name!r} has no dataset: its weights were imported",
            cause="runs are shared with the dataset that they were trained on",
            next_step="share the files of the weights, and `matdata import-run` them there",
        )
    dataset = find_dataset(cache, manifest["dataset"]["ref"])
    stored = {one.name for one in features_in_places(cache, dataset.data_ref).folders}
    inputs = [str(entry["feature"]) for entry in manifest["inputs"] if "feature" in entry]
    missing = [name for name in inputs if name not in stored]
    if missing:
        raise StoreError(
            f"run {folder.name!r} read {', '.join(missing)}, which {cache} does not hold",
            next_step=f"`matdata featurize {dataset.ref}` computes features",
        )
    needs = (
        dataset_key(dataset),
        Key("split", dataset.ref, str(manifest["split"]["name"])),
        *(Key("feature", dataset.data_ref, name) for name in inputs),
    )
    names = [name for name in entries_below(folder).files if not is_passing(name)]
    files = {name: folder / name for name in names}
    stated = recorded_digests(folder, read_sealed(folder / RESULT))
    artefact = _checked(Artefact(Key("run", "", folder.name), files, stated, needs), folder)
    return artefact, dataset


def committed_artefact(key: Key, folder: Path, needs: tuple[Key, ...] = ()) -> Artefact:
    """An artefact whose manifest names all its files.

    Raises
    ------
    StoreError
        If its manifest is missing or damaged, or a file could not have its name elsewhere.
    """
    manifest = read_manifest(folder, key.kind)
    names = [*manifest["files"], NAME, RECEIPT]
    stated = {name: digest for name, (_, digest) in manifest["files"].items()}
    files = {name: folder / name for name in names}
    return _checked(Artefact(key, files, stated, needs), folder)


def _checked(artefact: Artefact, folder: Path) -> Artefact:
    fault = fault_of_names(artefact.files)
    if fault is not None:
        raise StoreError(f"{folder} cannot be shared: {fault}", next_step="rename that file")
    return artefact


def file_record(path: Path, stated: str | None, by_blocks: bool) -> FileRecord:
    """Size and digests of a file, read once.

    Parameters
    ----------
    path
        The file.
    stated
        The SHA-256 that its artefact states, which it must have.
    by_blocks
        Whether it is read by parts, so that its blocks need digests.

    Raises
    ------
    DamageError
        If it is missing or has another digest.
    StoreError
        If it cannot be read.
    """
    whole, blocks, size = hashlib.sha256(), [], 0
    try:
        with open(path, "rb") as file:
            while piece := file.read(BLOCK):
                whole.update(piece)
                size += len(piece)
                if by_blocks:
                    blocks.append(hashlib.sha256(piece).hexdigest())
    except FileNotFoundError as error:
        raise damage_error(path, "is missing", artefact=path.parent) from error
    except OSError as error:
        raise StoreError(f"{path} {refusal(error)}") from error
    digest = whole.hexdigest()
    if stated is not None and digest != stated:
        fault = f"is damaged: its bytes do not have the SHA-256 {stated[:12]}… any more"
        raise damage_error(path, fault)
    return FileRecord(size, digest, tuple(blocks) if len(blocks) > 1 else ())


def is_read_by_parts(key: Key, name: str) -> bool:
    """Whether readers fetch parts of a file of an artefact."""
    return key.kind == "feature" and name.startswith(SHARDS)


def agrees(artefact: Artefact, record: Record) -> bool:
    """Whether a record is that of an artefact, as far as what it states itself can say.

    Nothing but small files is read: the digests of a manifest stand for the files that it names.
    """
    if artefact.key != record.key or artefact.files.keys() != record.files.keys():
        return False
    for name, path in artefact.files.items():
        digest = artefact.stated.get(name) or file_record(path, None, False).sha256
        if name != RECEIPT and digest != record.files[name].sha256:
            return False
    return True
