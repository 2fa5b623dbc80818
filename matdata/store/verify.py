"""Verification of an artefact: every byte of every file, missing files, and added files."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError
from matdata.core.executors import SEQUENTIAL, Workers, default_workers, ordered_map
from matdata.store.files import REMOVING, TEMPORARY
from matdata.store.locks import LOCK
from matdata.store.manifest import NAME, RECEIPT
from matdata.store.records import is_verbatim, read_record
from matdata.store.walk import Fault, entries_below
from matdata.store.wholeness import fault_of

GROUP_BYTES = 4 << 20  # of files that one task rereads
MAX_THREADS = 8  # a disk is not faster for more
CHANGED = "is damaged: these are not the bytes that were written"


def fault_from(path: Path, error: StoreError) -> Fault:
    """The error of a reader as a fault of its file."""
    return Fault(path, error.what.removeprefix(f"{path} "))


def check_json(path: Path, read: Callable[[Path], object] = read_record) -> list[Fault]:
    """Faults of a sealed JSON file, white space included."""
    try:
        read(path)
        return [] if is_verbatim(path) else [Fault(path, CHANGED)]
    except StoreError as error:
        return [fault_from(path, error)]


def check_receipt(folder: Path) -> list[Fault]:
    """Faults of the receipt of an artefact."""
    return check_json(folder / RECEIPT)


def verify_folder(
    folder: Path,
    manifest: JsonObject,
    besides: Collection[str] = (),
    workers: Workers | None = None,
) -> list[Fault]:
    """Reread every file of an artefact.

    Parameters
    ----------
    folder, manifest
        The artefact, and its manifest.
    besides
        Folders inside that are checked elsewhere (``splits``).
    workers
        Who rereads the files; None for as many threads as are worth it.

    Returns
    -------
    list of Fault
        One per file that is damaged, missing, unreadable or not in the manifest.
    """
    faults = check_json(folder / NAME, lambda _: None) + check_receipt(folder)
    faults += content_faults(folder, manifest["files"], workers)
    entries = entries_below(folder)
    expected = {*manifest["files"], NAME, RECEIPT}
    added = [
        name
        for name in entries.files
        if name not in expected and name.partition("/")[0] not in besides and not is_passing(name)
    ]
    return [*faults, *entries.faults, *(Fault(folder / n, "is not in the manifest") for n in added)]


def content_faults(
    folder: Path, files: Mapping[str, tuple[int, str]], workers: Workers | None = None
) -> Iterator[Fault]:
    """Faults of files by size and SHA-256, in the order of their names.

    Parameters
    ----------
    folder, files
        The artefact, and the files in its manifest.
    workers
        Who rereads them; None for as many threads as are worth it.
    """
    groups = list(_groups(files))
    if workers is None:
        # Reading and hashing release the interpreter lock; few small files are not worth threads.
        threads = Workers(min(default_workers(), MAX_THREADS))
        workers = threads if len(groups) > 1 else SEQUENTIAL
    # texts: to make objects of paths would take as long as to hash small files
    where = os.path.abspath(folder)
    tasks = ([(f"{where}/{name}", *files[name]) for name in names] for names in groups)
    for names, faults in zip(groups, ordered_map(_reread, tasks, workers, "thread"), strict=True):
        for name, fault in zip(names, faults, strict=True):
            if fault is not None:
                yield Fault(folder / name, fault)


def _reread(task: list[tuple[str, int, str]]) -> list[str | None]:
    return [fault_of(path, size, digest) for path, size, digest in task]


def _groups(files: Mapping[str, tuple[int, str]]) -> Iterator[list[str]]:
    """Names in order, in groups of `GROUP_BYTES` or one larger file."""
    group: list[str] = []
    size = 0
    for name in sorted(files):
        group.append(name)
        size += files[name][0]
        if size >= GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def is_passing(name: str) -> bool:
    """Whether a file is a lock, or was being written or removed by a process that was killed."""
    return any(part.startswith((LOCK, TEMPORARY, REMOVING)) for part in name.split("/"))
