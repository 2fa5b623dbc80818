"""Pushes artefacts: blobs first, each checked where it arrived, and the record last."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from matdata.core.console import Console
from matdata.core.errors import ConfigError, DamageError, StoreError
from matdata.core.executors import Workers, ordered_map
from matdata.core.redaction import shareable
from matdata.sharing.artefacts import Artefact, agrees, file_record, is_read_by_parts
from matdata.sharing.defaults import CHECKS, Check
from matdata.sharing.folder import SharedFolder, digest_of
from matdata.sharing.layout import BLOBS, MARKER, blob, latest
from matdata.sharing.reading import read_latest, read_marker, read_record
from matdata.sharing.record import FileRecord, Record, latest_version, marker
from matdata.sharing.retrying import WrongBytesError, retried


@dataclass(frozen=True)
class Pushed:
    """What became of an artefact.

    Attributes
    ----------
    ref
        How it is named there.
    kind
        Its kind.
    state
        ``pushed``, or ``unchanged`` if all of it was there.
    files, size
        Its files, and their bytes.
    sent_files, sent
        Files that were sent, and their bytes: not those that were there.
    """

    ref: str
    kind: str
    state: str
    files: int
    size: int
    sent_files: int = 0
    sent: int = 0


def require_check(check: str) -> Check:
    """The text as a way to check.

    Raises
    ------
    ConfigError
        If it is none.
    """
    for one in CHECKS:
        if check == one:
            return one
    raise ConfigError(f"--check {check!r}: expected one of {', '.join(CHECKS)}")


def push_all(
    artefacts: Sequence[Artefact],
    folder: SharedFolder,
    workers: int,
    check: Check,
    console: Console,
) -> list[Pushed]:
    """Push artefacts in the order given, in which each comes after what it needs.

    Parameters
    ----------
    artefacts
        What is pushed.
    folder
        Where it goes.
    workers
        Files that are sent at once; each takes a few megabytes of memory.
    check
        As of `Check`.
    console
        Shows the bytes that were sent.

    Raises
    ------
    DamageError
        If a file of the cache is not what its artefact states, or what arrived there is not.
    StoreError
        If the store fails for good, or holds something else under that name.
    """
    _mark(folder)
    return [_push(one, folder, workers, check, console) for one in artefacts]


def _mark(folder: SharedFolder) -> None:
    if not read_marker(folder):
        try:
            _written(folder, MARKER, lambda: folder.put_new(marker(), MARKER))
        except FileExistsError:  # another pusher has just made it
            read_marker(folder)


def _written(folder: SharedFolder, name: str, write: Callable[[], None]) -> None:
    """Write something, with one clear error if that fails for good."""
    try:
        retried(write, f"{folder.shown}/{name} cannot be written")
    except FileNotFoundError as error:
        raise StoreError(
            f"{folder.shown} cannot be written: there is no such place",
            cause="a bucket or a repository that does not exist",
            next_step="make it with the tools of that service, or mend the address",
        ) from shareable(error)


def _push(
    artefact: Artefact, folder: SharedFolder, workers: int, check: Check, console: Console
) -> Pushed:
    key = artefact.key
    existing = _existing(folder, artefact, check)
    if existing is not None and check != "all":
        _mark_latest(existing, folder)
        return Pushed(key.ref, key.kind, "unchanged", len(existing.files), existing.size)
    record = record_of(artefact, workers)
    sent = _send(artefact, record, folder, workers, check, console)
    state = "pushed" if existing is None or sent else "unchanged"
    if existing is None:
        _publish(record, folder, replace=check == "all")
    _mark_latest(record, folder)
    n_bytes = sum(record.files[name].size for name in sent)
    return Pushed(key.ref, key.kind, state, len(record.files), record.size, len(sent), n_bytes)


def _existing(folder: SharedFolder, artefact: Artefact, check: Check) -> Record | None:
    """The record of the same artefact that is there; None if it is to be written.

    Raises
    ------
    StoreError
        If there is one of something else, or a damaged one that is not to be mended.
    """
    try:
        record = read_record(folder, artefact.key)
    except DamageError:
        if check != "all":
            raise
        return None
    if record is not None and not agrees(artefact, record):
        raise _taken(folder, record)
    return record


def _taken(folder: SharedFolder, record: Record) -> StoreError:
    return StoreError(
        f"{folder.shown} holds another {record.key.kind} called {record.key.ref}",
        cause="a run of that name with other settings, or a folder that was changed by hand",
        next_step="choose another folder, or give yours another name",
    )


def record_of(artefact: Artefact, workers: int) -> Record:
    """The record of an artefact: each file is read once and compared with what is stated."""

    def digests(name: str) -> FileRecord:
        by_blocks = is_read_by_parts(artefact.key, name)
        return file_record(artefact.files[name], artefact.stated.get(name), by_blocks)

    names = sorted(artefact.files)
    results = ordered_map(digests, names, Workers(workers), "thread")
    return Record(artefact.key, dict(zip(names, results, strict=True)), artefact.needs)


def _send(
    artefact: Artefact,
    record: Record,
    folder: SharedFolder,
    workers: int,
    check: Check,
    console: Console,
) -> list[str]:
    """Send the blobs that are not there; returns the names of their files."""
    first_of = {one.sha256: name for name, one in record.files.items()}
    there = _sizes_there(folder, sorted({digest[:2] for digest in first_of}), workers)
    names = [
        name
        for digest, name in sorted(first_of.items(), key=lambda item: item[1])
        if check == "all" or there.get(digest) != record.files[name].size
    ]

    def send(name: str) -> str | None:
        one = record.files[name]
        if one.sha256 in there and check == "all" and _arrived(folder, one):
            return None
        _send_file(artefact.files[name], one, folder, check)
        return name

    total = sum(record.files[name].size for name in names)
    results = ordered_map(send, names, Workers(workers), "thread")
    numbered = zip(names, results, strict=True)
    size_of = lambda pair: record.files[pair[0]].size  # noqa: E731
    bar = console.bar(numbered, artefact.key.ref, total, size=size_of, unit="B")
    return [sent for _, sent in bar if sent is not None]


def _sizes_there(folder: SharedFolder, prefixes: Sequence[str], workers: int) -> dict[str, int]:
    """Sizes of the blobs that are there, of those whose names begin in one of these ways."""

    def listed(prefix: str) -> dict[str, int]:
        place = f"{BLOBS}/{prefix}"
        return retried(partial(folder.sizes, place), f"{folder.shown}/{place} cannot be listed")

    sizes: dict[str, int] = {}
    for listing in ordered_map(listed, prefixes, Workers(workers), "thread"):
        sizes |= listing
    return sizes


def _send_file(path: Path, one: FileRecord, folder: SharedFolder, check: Check) -> None:
    """Send a file, and read it back unless sizes are to suffice; wrong bytes are sent again."""
    name = blob(one.sha256)

    def attempt() -> None:
        folder.put(path, name)
        if check != "size" and digest_of(folder, name) != one.sha256:
            folder.remove(name)  # under its name there would be what it is not
            raise WrongBytesError(f"what arrived of {path.name} are other bytes than were sent")

    _written(folder, name, attempt)


def _arrived(folder: SharedFolder, one: FileRecord) -> bool:
    name = blob(one.sha256)
    what = f"{folder.shown}/{name} cannot be read"
    try:
        return retried(partial(digest_of, folder, name), what) == one.sha256
    except FileNotFoundError:
        return False


def _publish(record: Record, folder: SharedFolder, replace: bool) -> None:
    """Write the record, which makes the artefact one that is there."""
    data, path = record.to_bytes(), record.key.path
    if replace:
        _written(folder, path, lambda: folder.put_bytes(data, path))
        return
    try:
        _written(folder, path, lambda: folder.put_new(data, path))
    except FileExistsError:  # another pusher was faster, or the answer to this one was lost
        other = read_record(folder, record.key)
        if other is None or not record.holds_same(other):
            raise _taken(folder, record) from None


def _mark_latest(record: Record, folder: SharedFolder) -> None:
    """Write which version the bare name of a dataset means: the one that was pushed last."""
    key = record.key
    if key.kind != "dataset":
        return
    with contextlib.suppress(DamageError):  # a damaged one is replaced
        if read_latest(folder, key.home) == key.name:
            return
    data, path = latest_version(key.name), latest(key.home)
    _written(folder, path, lambda: folder.put_bytes(data, path))
