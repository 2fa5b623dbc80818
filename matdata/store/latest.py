"""Which of several artefacts a bare name means: the one that was built, or asked for, last.

``latest.json`` in the folder that holds them lists their names in that order, the last at the end.
No clock takes part, so copies, restored backups and machines whose clocks differ agree. Names that
are no more are passed over: when the last version was removed, the one before is meant.
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
    """Names in the order of their use; empty if none was written down.

    Raises
    ------
    StoreError
        If the record is damaged.
    """
    path = home / LATEST
    if fault_of(path) == MISSING:
        return []
    advice = "remove it; build what the name shall mean once more, which writes it anew"
    names = read_record(path, next_step=advice).get("order")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise StoreError(f"{path} is damaged: it holds no list of names", next_step=advice)
    return names


def mark_last(folder: Path) -> None:
    """Make an artefact the last of the folder that holds it.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    home = folder.parent
    with holding(home / f"{LOCK}latest"):
        files.sweep(home, LATEST)
        try:
            known = order(home)
        except StoreError:  # a damaged list is worth less than the one that begins here
            known = []
        if known[-1:] == [folder.name]:
            return
        kept = [name for name in known if name != folder.name and (home / name).exists()]
        write_record(home / LATEST, {"order": [*kept, folder.name]})


def last_of(home: Path, folders: Sequence[Path]) -> Path | None:
    """The folder that was used last; the only one; or None where that cannot be known.

    Raises
    ------
    StoreError
        If there are several and the record is damaged.
    """
    if len(folders) == 1:
        return folders[0]
    by_name = {folder.name: folder for folder in folders}
    listed = [name for name in order(home) if name in by_name]
    return by_name[listed[-1]] if listed else None
