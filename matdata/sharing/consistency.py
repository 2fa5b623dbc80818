"""Whether a record agrees with the manifest that it names; checked before anything is installed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from matdata.core.digest import SHORT, digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import DamageError
from matdata.sharing.folder import SharedFolder
from matdata.sharing.layout import Key
from matdata.sharing.reading import read_blob
from matdata.sharing.record import Record, damaged
from matdata.store import notes
from matdata.store.manifest import NAME, RECEIPT, read_manifest
from matdata.store.user_metadata import folder_of_rows
from matdata.training.contents import RESULT, recorded_digests


def manifest_of(record: Record, folder: SharedFolder) -> JsonObject:
    """The manifest that a record names; of a split its note.

    Raises
    ------
    DamageError
        If the two disagree, or it is the manifest of something else.
    StoreError
        If it cannot be read, or is of a newer format.
    """
    key, place = record.key, f"{folder.shown}/{record.key.path}"
    name = f"{key.name}{notes.NOTE}" if key.kind == "split" else NAME
    if name not in record.files:
        raise damaged(place, f"it names no {name}")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / name
        path.write_bytes(read_blob(folder, record.files[name]))
        if key.kind == "split":
            return _checked_note(record, notes.read_note(path.parent, key.name), place)
        manifest = read_manifest(path.parent, key.kind)
    fault = (
        _fault_of_files(record, manifest)
        or _fault_of_name(key, manifest)
        or _fault_of_needs(record, manifest)
    )
    if fault is not None:
        raise damaged(place, fault)
    return manifest


def _checked_note(record: Record, note: JsonObject, place: str) -> JsonObject:
    table = f"{record.key.name}{notes.TABLE}"
    names = {table, f"{record.key.name}{notes.NOTE}"}
    if record.files.keys() != names or record.files[table].sha256 != note.get("sha256"):
        raise damaged(place, "its files are not those of the note of a split")
    if not isinstance(note.get("dataset_digest"), str):
        raise damaged(place, "its note names no dataset")
    fault = _fault_of_needs(record, note)
    if fault is not None:
        raise damaged(place, fault)
    return note


def _fault_of_files(record: Record, manifest: JsonObject) -> str | None:
    """Why the files of a record are not those of its manifest; None if they are."""
    expected = {name: (size, digest) for name, (size, digest) in manifest["files"].items()}
    actual = {name: (one.size, one.sha256) for name, one in record.files.items()}
    if RECEIPT not in actual:
        return f"it names no {RECEIPT}"
    if record.key.kind == "run":
        return None if RESULT in actual else "the run is not finished"
    own = {name: one for name, one in actual.items() if name not in (NAME, RECEIPT)}
    return None if own == expected else "its files are not those of the manifest"


def _fault_of_name(key: Key, manifest: JsonObject) -> str | None:
    """Why an artefact cannot be the one that its name says; None if it can."""
    if key.kind == "run":
        return None
    digest = str(manifest["records_digest" if key.kind == "snapshot" else "identity_digest"])
    if not key.name.endswith(f"-{digest[:SHORT]}"):
        return "its manifest is that of something else"
    if key.kind == "dataset":
        same = digest_json(manifest["identity"]) == digest and manifest["name"] == key.home
        return None if same else "its manifest is that of another dataset"
    return None


def _fault_of_needs(record: Record, manifest: JsonObject) -> str | None:
    """Why what a record needs is not what an artefact of its kind is made from; None if it is."""
    needs = [(key.kind, key.name) for key in record.needs]
    if record.key.kind in ("snapshot", "reference", "dataset"):
        return "it needs other artefacts" if needs else None
    if record.key.kind in ("split", "feature"):
        return None if [kind for kind, _ in needs] == ["dataset"] else "it needs no one dataset"
    dataset = str(manifest["dataset"]["ref"])
    expected = [("dataset", dataset.partition("@")[2]), ("split", str(manifest["split"]["name"]))]
    expected += [("feature", str(entry["feature"])) for entry in manifest["inputs"]]
    homes = {key.home for key in record.needs if key.kind == "dataset"}
    same = sorted(needs) == sorted(expected) and homes == {dataset.partition("@")[0]}
    return None if same else "it needs other artefacts than those that it was trained on"


def require_own(record: Record, manifest: JsonObject, dataset: JsonObject, version: str) -> None:
    """Check that a split or a feature belongs to the dataset that it needs.

    Parameters
    ----------
    record, manifest
        Of the split or feature.
    dataset
        Manifest of the dataset.
    version
        Name of the folder of the dataset.

    Raises
    ------
    DamageError
        If it belongs to another one.
    """
    from matdata.store.user_metadata import digest_of_base, digest_of_rows

    if record.key.kind == "split":
        home = f"{dataset['name']}@{version}"
        stated = manifest["dataset_digest"]
        own = {str(dataset["identity_digest"]), digest_of_base(dataset)}
    else:
        home = f"{dataset['name']}@{folder_of_rows(dataset, version)}"
        stated, own = manifest["made_from"]["dataset_digest"], {digest_of_rows(dataset)}
    if stated not in own or record.key.home != home:
        raise DamageError(
            f"{record.key.ref} was made from dataset {str(stated)[:SHORT]}, not from the one that "
            "it was pushed with",
            cause="the shared folder was changed by hand",
            next_step="push it again from a cache that holds both",
        )


def require_run_files(record: Record, result: JsonObject, place: str) -> None:
    """Check that the files of a run are those that its training ended with.

    Raises
    ------
    DamageError
        If one is not.
    """
    for name, digest in recorded_digests(Path(place), result).items():
        if name not in record.files or record.files[name].sha256 != digest:
            raise damaged(place, f"{name} is not the one that the training ended with")
