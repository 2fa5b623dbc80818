"""Receives blobs into a staging folder: resumed where they stopped, compared with their digest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matdata.core.cache import storage_error
from matdata.core.console import Console
from matdata.core.executors import Workers, ordered_map
from matdata.sharing.folder import PIECE, SharedFolder
from matdata.sharing.reading import reading_blob
from matdata.sharing.record import FileRecord
from matdata.sharing.retrying import WrongBytesError
from matdata.store import files
from matdata.store.wholeness import fault_of

#: Ending of a file that was received in part.
PARTIAL = ".part"


def receive_all(
    wanted: Mapping[str, FileRecord],
    folder: SharedFolder,
    staging: Path,
    existing: Path,
    workers: int,
    console: Console,
    title: str,
) -> int:
    """Receive the files of an artefact; returns the number of bytes that came.

    Parameters
    ----------
    wanted
        Its files by name; the names are safe (`matdata.sharing.record`).
    folder
        Where their blobs are.
    staging
        Where they go; what an earlier attempt left there is used.
    existing
        A folder that may hold some of them already, of which whole ones are linked.
    workers
        Files that are received at once.
    console, title
        Shows the progress in bytes.

    Raises
    ------
    DamageError
        If a blob is missing, or other bytes come again and again.
    StoreError
        If the store fails for good, or the disk is full; what came is kept.
    """

    def receive(name: str) -> int:
        one, target = wanted[name], staging / name
        try:
            if _is_whole(target, one):
                return 0
            target.parent.mkdir(parents=True, exist_ok=True)
            if _is_whole(existing / name, one):
                files.remove(target)
                files.link(existing / name, target)
                return 0
        except OSError as error:
            raise storage_error(error, target) from error
        return receive_file(one, folder, target)

    names = sorted(wanted)
    results = ordered_map(receive, names, Workers(workers), "thread")
    pairs = zip(names, results, strict=True)
    total = sum(one.size for one in wanted.values())
    bar = console.bar(pairs, title, total, size=lambda pair: wanted[pair[0]].size, unit="B")
    return sum(received for _, received in bar)


def receive_file(one: FileRecord, folder: SharedFolder, target: Path) -> int:
    """Receive a blob as a file, which gets its name when it is whole; returns the bytes received.

    Raises
    ------
    DamageError
        If it is missing there, or other bytes come again and again.
    StoreError
        If the store fails for good, or the disk is full.
    """
    part = target.with_name(f"{target.name}{PARTIAL}")
    received = 0

    def attempt(name: str) -> None:
        nonlocal received
        received += _append(one, folder, name, part)
        fault = fault_of(part, one.size, one.sha256)
        if fault is not None:
            files.remove(part)
            raise WrongBytesError("other bytes came than those of its name")

    reading_blob(folder, one, attempt)
    try:
        files.publish(part, target)
    except OSError as error:
        raise storage_error(error, target) from error
    return received


def _append(one: FileRecord, folder: SharedFolder, name: str, part: Path) -> int:
    """Append to a part what is missing of it; returns the bytes that came."""
    start = part.stat().st_size if part.is_file() else 0
    if start > one.size:
        files.remove(part)
        start = 0
    received = 0
    with folder.opened(name, start) as stream, open(part, "ab", buffering=0) as file:
        while start + received < one.size:
            piece = stream.read(min(PIECE, one.size - start - received))
            if not piece:
                raise WrongBytesError(f"only {start + received:,} of {one.size:,} bytes came")
            try:
                file.write(piece)
            except OSError as error:
                raise storage_error(error, part) from error
            received += len(piece)
    return received


def _is_whole(path: Path, one: FileRecord) -> bool:
    return fault_of(path, one.size, one.sha256) is None
