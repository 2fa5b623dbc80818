"""Reads what a shared folder says: its marker, its records, and which version a name means."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from matdata.core.digest import digest_bytes
from matdata.core.errors import DamageError, StoreError
from matdata.sharing.folder import PIECE, SharedFolder
from matdata.sharing.layout import FLAT, FOLDERS, MARKER, RECORD, Key, blob, is_segment, latest
from matdata.sharing.record import (
    LARGEST,
    FileRecord,
    Record,
    damaged,
    is_marker,
    require_few_values,
    sealed,
)
from matdata.sharing.retrying import WrongBytesError, pause_after, retried
from matdata.store.latest import LATEST

T = TypeVar("T")


def read_marker(folder: SharedFolder) -> bool:
    """Whether a folder is one of matdata.

    Raises
    ------
    StoreError
        If its marker is damaged or of a newer version, or it cannot be reached.
    """
    place = f"{folder.shown}/{MARKER}"
    return _parsed(folder, MARKER, lambda data: is_marker(data, place)) is not None


def read_record(folder: SharedFolder, key: Key) -> Record | None:
    """The record of an artefact; None if there is none.

    Raises
    ------
    DamageError
        If it is damaged.
    StoreError
        If it cannot be read, or is of a newer format.
    """
    place = f"{folder.shown}/{key.path}"
    return _parsed(folder, key.path, lambda data: Record.from_bytes(data, key, place))


def read_latest(folder: SharedFolder, name: str) -> str | None:
    """Version that the bare name of a dataset means; None if it does not say.

    Raises
    ------
    DamageError
        If what it says is damaged.
    """
    path = latest(name)
    place = f"{folder.shown}/{path}"

    def last(data: bytes) -> str:
        order = sealed(data, place).get("order")
        version = order[-1] if isinstance(order, list) and order else None
        if not isinstance(version, str) or not is_segment(version):
            raise damaged(place, "it names no version")
        return version

    return _parsed(folder, path, last)


def listed(folder: SharedFolder, place: str) -> list[str]:
    """Names of the records in a place such as ``datasets/golden``, without their ending.

    Raises
    ------
    StoreError
        If it cannot be listed, as most web servers cannot.
    """
    names = _listing(folder.sizes, folder, place)
    return sorted(
        name.removesuffix(RECORD) for name in names if name.endswith(RECORD) and name != LATEST
    )


def dataset_names(folder: SharedFolder) -> list[str]:
    """Names of the datasets of a shared folder.

    Raises
    ------
    StoreError
        If it cannot be listed, as most web servers cannot.
    """
    return sorted(_listing(folder.folders, folder, FOLDERS["dataset"]))


def all_keys(folder: SharedFolder) -> list[Key]:
    """All artefacts that have a record, in the order in which they need each other.

    Raises
    ------
    StoreError
        If the folder cannot be listed.
    """
    keys: list[Key] = []
    for kind, place in FOLDERS.items():
        if kind in FLAT:
            keys += [Key(kind, "", name) for name in listed(folder, place)]
            continue
        for home in _listing(folder.folders, folder, place):
            keys += [Key(kind, home, name) for name in listed(folder, f"{place}/{home}")]
    return keys


def _listing(names_in: Callable[[str], T], folder: SharedFolder, place: str) -> T:
    what = f"{folder.shown}/{place} cannot be listed"
    try:
        return retried(partial(names_in, place), what)
    except NotImplementedError:
        raise StoreError(
            what,
            cause="a web server that shows no listings, or nothing of that name is there",
            next_step="name what you want in full: NAME@VERSION-DIGEST, …/features/NAME-DIGEST, "
            "and --splits A,B or --splits none",
        ) from None


def read_blob(folder: SharedFolder, one: FileRecord) -> bytes:
    """A small file, checked.

    Raises
    ------
    DamageError
        If it is too large, is not there, or other bytes come again and again.
    StoreError
        If it cannot be read.
    """
    place = f"{folder.shown}/{blob(one.sha256)}"
    if one.size > LARGEST:
        raise damaged(place, f"a manifest of {one.size:,} bytes")

    def attempt(name: str) -> bytes:
        data = _content(folder, name, one.size)
        if digest_bytes(data) != one.sha256:
            raise WrongBytesError("other bytes came than those of its name")
        return data

    data = reading_blob(folder, one, attempt)
    if len(data) != one.size:
        raise damaged(place, f"a record states {one.size:,} bytes, it has {len(data):,}")
    require_few_values(data, place)
    return data


def reading_blob(folder: SharedFolder, one: FileRecord, read: Callable[[str], T]) -> T:
    """What a function returns that reads a blob, given its name; repeated while it fails.

    Raises
    ------
    DamageError
        If the blob is missing.
    StoreError
        If it cannot be read, or other bytes come again and again.
    """
    name = blob(one.sha256)
    place = f"{folder.shown}/{name}"
    try:
        return retried(partial(read, name), f"{place} cannot be read")
    except FileNotFoundError:
        raise damaged(place, "it is missing") from None


def _parsed(folder: SharedFolder, name: str, parse: Callable[[bytes], T]) -> T | None:
    """What a document says, which is read once more if it arrives damaged."""
    for attempt in (1, 2):
        data = _read(folder, name)
        if data is None:
            return None
        try:
            return parse(data)
        except DamageError:
            if attempt > 1:
                raise
            time.sleep(pause_after(attempt))
    raise AssertionError("the last attempt returns or raises")


def _read(folder: SharedFolder, name: str) -> bytes | None:
    what = f"{folder.shown}/{name} cannot be read"
    try:
        data = retried(partial(_content, folder, name, LARGEST), what)
    except FileNotFoundError:
        return None
    if len(data) > LARGEST:
        raise damaged(f"{folder.shown}/{name}", f"it is longer than {LARGEST:,} bytes")
    return data


def _content(folder: SharedFolder, name: str, most: int) -> bytes:
    """All bytes of a file, or one more than `most` of a longer one."""
    with folder.opened(name) as file:
        pieces, left = [], most + 1
        while left > 0 and (piece := file.read(min(left, PIECE))):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)
