"""Content of a cache: datasets by name and version, features by dataset, and what a name means.

A bare name means the version that was built or requested last (`matdata.store.latest`). Without a
record of that, it means the only version; of several, an error lists them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from matdata.core.cache import places
from matdata.core.errors import ConfigError, StoreError, did_you_mean
from matdata.core.given import require_name
from matdata.store import files
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.latest import LATEST, last_of, mark_last
from matdata.store.manifest import NAME, is_committed
from matdata.store.walk import Fault, children
from matdata.store.wholeness import ASK_OWNER, MISSING, UNREADABLE, fault_of

NAME_LENGTH = 80


def clean_name(text: str) -> str:
    """A dataset name from any text: characters unfit for a folder name become a dash."""
    return files.safe_name(text).strip("-.")[:NAME_LENGTH] or "dataset"


def check_name(name: str | None) -> None:
    """Reject a dataset name that could not be opened again, or would leave the cache.

    Raises
    ------
    ConfigError
        If it is such a name; suggests a valid one.
    """
    if name is not None and name != clean_name(name):
        raise ConfigError(
            f"--name {name[:100]!r} does not fit: expected letters, digits and . _ + - "
            f"(no first . or -), at most {NAME_LENGTH}",
            next_step=f"for example {clean_name(name)!r}",
        )


class Kept(NamedTuple):
    """The artefacts of a folder.

    Attributes
    ----------
    folders
        Finished artefacts, in the order of their names.
    faults
        Entries that cannot be read.
    """

    folders: list[Path]
    faults: list[Fault]


def kept(home: Path) -> Kept:
    """Finished artefacts in a folder, and the entries that cannot be read."""
    folders: list[Path] = []
    paths, faults = children(home)
    for path in paths:
        if path.name.startswith("."):
            continue
        fault = fault_of(path / NAME)
        if fault is None:
            folders.append(path)
        elif fault != MISSING:
            faults.append(Fault(path / NAME, fault))
    return Kept(folders, faults)


def kept_below(home: Path) -> dict[str, Kept]:
    """The artefacts of each folder in a folder (datasets by name, snapshots by source).

    If the folder itself cannot be read, that fault has the empty name.
    """
    paths, faults = children(home)
    by_name = {"": Kept([], faults)}
    by_name |= {path.name: kept(path) for path in paths if not path.name.startswith(".")}
    return {
        name: contents for name, contents in by_name.items() if contents.folders or contents.faults
    }


def committed(home: Path) -> list[Path]:
    """Finished artefacts in a folder, in the order of their names."""
    return kept(home).folders


def mark_used(folder: Path) -> None:
    """Record an artefact as the last used of its folder; a build that reuses it calls this."""
    with contextlib.suppress(StoreError):  # a read-only cache can be used nevertheless
        mark_last(folder)


def all_datasets(cache: Path) -> Iterator[DatasetFolder]:
    """The datasets of one's own cache and of the second places, one's own first."""
    for place in places(cache):
        for folders in datasets(place).values():
            yield from map(DatasetFolder, folders)


def datasets(cache: Path) -> dict[str, list[Path]]:
    """Folders of all datasets by name."""
    by_name = kept_below(cache / "datasets").items()
    return {name: contents.folders for name, contents in by_name if contents.folders}


def find_snapshot_folder(cache: Path, ref: str) -> Path:
    """The folder of the snapshot ``source/version``; in one's own cache if it is nowhere."""
    folders = [place / "snapshots" / ref for place in places(cache)]
    return next((folder for folder in folders if is_committed(folder)), folders[0])


def find_dataset(cache: Path, ref: str) -> DatasetFolder:
    """The dataset that ``name`` (the version built last) or ``name@version`` means.

    One's own cache comes first, then the second places in their order.

    Raises
    ------
    StoreError
        If there is none, listing the available names and versions; if there are several versions
        and no record of which was built last; if it cannot be read.
    """
    name, _, version = require_name(ref, "the dataset").partition("@")
    if "://" in ref:
        raise StoreError(
            f"{ref} is an address, and a dataset of the cache is needed",
            next_step=f"`matdata pull {ref}` puts it there, with --features what is needed of it",
        )
    if "/" in ref:
        raise StoreError(
            f"{ref[:100]!r} is a path, and the name of a dataset of the cache is needed",
            next_step="`matdata list` prints the names; `matdata build` reads files, and "
            "`matdata pull` takes what was pushed to a folder",
        )
    missing, everything = None, dict[str, Kept]()
    for place in places(cache):
        by_name = kept_below(place / "datasets")
        everything = {**by_name, **everything}
        if name and name in by_name:
            try:
                return _version_of(place, name, version, by_name[name])
            except StoreError as error:
                if not version:  # it means the first place's, even if that cannot be opened
                    raise
                missing = missing or error
    if missing is not None:
        raise missing
    if "" in everything:
        raise StoreError(str(everything[""].faults[0]), cause=UNREADABLE, next_step=ASK_OWNER)
    searched, available = ", ".join(map(str, places(cache))), ", ".join(everything)
    raise StoreError(
        f"no dataset {name[:100]!r} in {searched}{did_you_mean(name, everything)}",
        next_step=f"available datasets: {available or 'none yet'}; `matdata build` makes one",
    )


def _version_of(cache: Path, name: str, version: str, contents: Kept) -> DatasetFolder:
    """A version of a dataset of one place; the one built last if none is named."""
    folders, faults = contents
    if not version and folders:
        return DatasetFolder(_last_version(cache / "datasets" / name, folders))
    matching = [path for path in folders if path.name == version]
    matching = matching or [path for path in folders if path.name.startswith(version)]
    if not matching and (same := _with_rows(folders, f"{name}@{version}")):
        return DatasetFolder(_last_version(cache / "datasets" / name, same))
    if not matching and faults:
        raise StoreError(str(faults[0]), cause=UNREADABLE, next_step=ASK_OWNER)
    if len(matching) != 1:
        versions = ", ".join(path.name for path in folders)
        what = "several versions match" if matching else "no version"
        raise StoreError(f"{what} {version!r} of {name}", next_step=f"versions: {versions}")
    return DatasetFolder(matching[0])


def versions_of_rows(cache: Path, data_ref: str) -> list[DatasetFolder]:
    """The versions of a dataset whose features are in the folder of this name."""
    folders = datasets(cache).get(data_ref.partition("@")[0], [])
    return [DatasetFolder(folder) for folder in _with_rows(folders, data_ref)]


def _with_rows(folders: Sequence[Path], data_ref: str) -> list[Path]:
    """Versions of these rows, which differ in what users say of them: one folder of features."""
    same = []
    for folder in folders:
        with contextlib.suppress(StoreError):  # one that is damaged is reported by its own check
            same += [folder] if DatasetFolder(folder).data_ref == data_ref else []
    return same


def _last_version(home: Path, folders: Sequence[Path]) -> Path:
    last = last_of(home, folders)
    if last is None:
        raise StoreError(
            f"{home.name} has {len(folders)} versions, and no record of which was built last",
            cause=f"they were copied here without {LATEST}, or built before matdata wrote it",
            next_step="name one "
            f"({', '.join(f'{home.name}@{version.name}' for version in folders)}), or run the "
            "build of the one that the name shall mean again: it is reused, and marked",
        )
    return last
