"""What was added to the folder of a run after its training: pictures, maps, tables.

A run's own result cannot name them, so that ``added.json`` does, with the digest of each file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from matdata.core.digest import digest_file
from matdata.core.errors import StoreError
from matdata.store import files
from matdata.store.files import TEMPORARY
from matdata.store.locks import LOCK, holding
from matdata.store.manifest import NAME
from matdata.store.records import read_record, write_record
from matdata.store.walk import entries_below
from matdata.store.wholeness import MISSING, fault_of

ADDED = "added.json"


class Added(NamedTuple):
    """What ``added.json`` holds.

    Attributes
    ----------
    files
        SHA-256 by path inside the run.
    pending
        Folders of the run that a process is writing to, or was when it was killed.
    """

    files: dict[str, str]
    pending: list[str]


def recorded(run: Path) -> Added:
    """What was added to a run.

    Raises
    ------
    StoreError
        If the record is damaged.
    """
    path = run / ADDED
    if fault_of(path) == MISSING:
        return Added({}, [])
    advice = f"remove it, and give the commands again that write into {run}"
    record = read_record(path, next_step=advice)
    digests, pending = record.get("files"), record.get("pending")
    if not isinstance(digests, dict) or not isinstance(pending, list):
        raise StoreError(f"{path} is damaged: it names no files", next_step=advice)
    return Added(digests, pending)


@contextlib.contextmanager
def adding(folder: Path) -> Iterator[None]:
    """Record what the block writes into a folder of a run; elsewhere nothing is recorded.

    Raises
    ------
    StoreError
        If the record is damaged or cannot be written.
    """
    run = folder.absolute().parent
    if fault_of(run / NAME) is not None or run.parent.name != "runs":
        yield
        return
    _update(run, folder.name, pending=True)
    try:
        yield
    finally:
        _update(run, folder.name, pending=False)


def _update(run: Path, inside: str, pending: bool) -> None:
    with holding(run / f"{LOCK}added") as lock:
        files.sweep(run, ADDED)
        before = recorded(run)
        others = [name for name in before.pending if name != inside]
        if pending:
            lock.require()
            write_record(run / ADDED, {"files": before.files, "pending": [*others, inside]})
            return
        digests = {n: d for n, d in before.files.items() if not n.startswith(f"{inside}/")}
        for name in entries_below(run / inside).files:
            if not Path(name).name.startswith(TEMPORARY):
                digests[f"{inside}/{name}"] = digest_file(run / inside / name)
        lock.require()
        write_record(run / ADDED, {"files": digests, "pending": others})
