"""Which of several artefacts a bare name means: the one that was built or requested last.

``latest.json`` in their folder lists their names in that order, the last at the end.
No clock is involved, so copies, restored backups and machines with different clocks agree. Names
that no longer exist are skipped: if the last version was removed, the one before is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matdata.core.errors import StoreError
from matdata.store import files
from matdata.store.locks import LOCK, holding
from matdata.store.records import read_record, write_record
from matdata.store.wholeness import MISSING, fault_of

LATEST = "latest.json"


def order(home: Path) -> list[str]:
    """Names in the order of their use; empty if there is no record.

    Raises
    ------
    StoreError
        If the record is damaged.
    """
    path = home / LATEST
    if fault_of(path) == MISSING:
        return []
    advice = "remove it; build what the name shall mean again, which rewrites it"
    names = read_record(path, next_step=advice).get("order")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise StoreError(f"{path} is damaged: it holds no list of names", next_step=advice)
    return names


def mark_last(folder: Path) -> None:
    """Record an artefact as the last used of its folder.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    home = folder.parent
    if _names(home)[-1:] == [folder.name]:  # nothing to write, where one may not be able to
        return
    with holding(home / f"{LOCK}latest") as lock:
        files.sweep(home, LATEST)
        names = _names(home)
        if names[-1:] == [folder.name]:
            return
        others = [name for name in names if name != folder.name and (home / name).exists()]
        lock.require()
        write_record(home / LATEST, {"order": [*others, folder.name]})


def _names(home: Path) -> list[str]:
    try:
        return order(home)
    except StoreError:  # a damaged list is replaced by a new one
        return []


def forget(folder: Path) -> None:
    """Take an artefact that was removed out of the record of its folder.

    Raises
    ------
    StoreError
        If the record cannot be written.
    """
    home = folder.parent
    if fault_of(home / LATEST) == MISSING:
        return
    with holding(home / f"{LOCK}latest"):
        try:
            names = order(home)
        except StoreError:  # a damaged list is reported by `verify`, and says nothing here
            return
        others = [name for name in names if name != folder.name]
        if not others:
            files.remove(home / LATEST)
        elif others != names:
            write_record(home / LATEST, {"order": others})


def last_of(home: Path, folders: Sequence[Path]) -> Path | None:
    """The folder used last, or the only one; None if there is no record.

    Raises
    ------
    StoreError
        If there are several and the record is damaged.
    """
    if len(folders) == 1:
        return folders[0]
    by_name = {folder.name: folder for folder in folders}
    existing = [name for name in order(home) if name in by_name]
    return by_name[existing[-1]] if existing else None
