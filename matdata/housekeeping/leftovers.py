"""What killed processes and removed artefacts left in a cache, and nobody needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from matdata.core.cache import KINDS, also_named, other_places
from matdata.core.errors import StoreError
from matdata.features.building.runner import is_of_another_place
from matdata.housekeeping.artefacts import SPLITS, Artefact
from matdata.sources.download import DOWNLOADS
from matdata.store import notes
from matdata.store.artefact import STAGING
from matdata.store.catalogue import committed, datasets, kept_below
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.files import REMOVING, was_left
from matdata.store.locks import LOCK
from matdata.store.manifest import read_manifest
from matdata.store.walk import children


@dataclass(frozen=True)
class Leftover:
    """Files that can go.

    Attributes
    ----------
    kind
        ``unfinished``, ``temporary``, ``removed``, ``orphan``, ``download``, ``learnt`` or
        ``compiled``.
    why
        Why nobody needs them.
    paths, locks
        As of an `Artefact`: where one of the locks is held, all of it stays.
    """

    kind: str
    why: str
    paths: tuple[Path, ...]
    locks: tuple[Path, ...] = ()


def leftovers(cache: Path, artefacts: Sequence[Artefact]) -> list[Leftover]:
    """Unfinished artefacts, temporary files, what was being removed, and features without rows."""
    orphans = list(orphaned_features(cache, artefacts))
    gone = {path for one in orphans for path in one.paths}
    homes = [cache, cache / DOWNLOADS, *(cache / kind for kind in KINDS)]
    inner = [path for home in homes[1:] for path in children(home)[0] if path.is_dir()]
    splits = [path / SPLITS for home in inner for path in children(home)[0]
              if home.parent.name == "datasets"]  # fmt: skip
    places = [place for place in (*homes, *inner, *splits) if place not in gone]
    return [*(one for place in places for one in _in(place)), *orphans]


def _in(home: Path) -> Iterator[Leftover]:
    """Leftovers whose names stand in a folder."""
    for path in children(home)[0]:
        if path.name.startswith(STAGING):
            lock = home / f"{LOCK}{path.name.removeprefix(STAGING)}"
            yield Leftover("unfinished", "whoever built it has ended", (path,), (lock,))
        elif path.name.startswith(REMOVING):
            yield Leftover("removed", "its removal was stopped", (path, *_rest_of(path)))
        elif was_left(path):
            yield Leftover("temporary", "whoever wrote it has ended", (path,))


def _rest_of(hidden: Path) -> list[Path]:
    """The table of a split whose note was hidden, if its removal was stopped in between."""
    name = hidden.name.removeprefix(REMOVING).partition("-")[2]
    if hidden.parent.name != SPLITS or not name.endswith(notes.NOTE):
        return []
    note = hidden.with_name(name)
    table = note.with_suffix(notes.TABLE)
    return [table] if table.exists() and not note.exists() else []


def orphaned_features(cache: Path, artefacts: Sequence[Artefact]) -> Iterator[Leftover]:
    """Folders of features whose rows are those of no dataset.

    Where a version of the dataset of that name is damaged they are perhaps of that one, and stay;
    so do those of a dataset in a second place, whether or not it is one now, and all of them
    where a place is missing or cannot be read.
    """
    if not all(map(_is_whole, also_named())):
        return
    provided = {key for one in artefacts for key in one.provides}
    provided |= {f"rows:{dataset.data_ref}" for dataset in of_other_places(cache)}
    used = {key for one in artefacts if one.kind == "run" for key in one.needs}
    for home in children(cache / "features")[0]:
        name, at, _ = home.name.partition("@")
        if not at or f"rows:{home.name}" in provided or not _are_readable(cache, name):
            continue
        if any(f"feature:{folder.name}" in used for folder in children(home)[0]):
            continue
        if any(map(is_of_another_place, committed(home))):
            continue
        locks = tuple(sorted(home.glob(f"{LOCK}*")))
        yield Leftover("orphan", "features of a dataset that is gone", (home,), locks)


def _is_whole(place: Path) -> bool:
    """Whether all datasets of a second place can be listed; a mount point may be empty."""
    entries, faults = children(place / "datasets")
    return (
        bool(entries)
        and not faults
        and not any(contents.faults for contents in kept_below(place / "datasets").values())
    )


def of_other_places(cache: Path) -> Iterator[DatasetFolder]:
    """Datasets of second places."""
    for place in other_places(cache):
        for folders in datasets(place).values():
            yield from map(DatasetFolder, folders)


def _are_readable(cache: Path, name: str) -> bool:
    """Whether all versions of a dataset can be read, and none is being built."""
    contents = kept_below(cache / "datasets").get(name)
    if contents is None:
        return True
    try:
        for folder in contents.folders:
            read_manifest(folder)
    except StoreError:
        return False
    return not contents.faults
