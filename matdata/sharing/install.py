"""Installs pulled artefacts in a cache: received beside, checked, and named when they are whole."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from matdata.core.cache import storage_error
from matdata.core.console import Console
from matdata.core.digest import digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError, first_few
from matdata.sharing.folder import SharedFolder
from matdata.sharing.layout import Key
from matdata.sharing.receive import receive_all
from matdata.sharing.record import Record
from matdata.store import files, notes
from matdata.store.artefact import STAGING
from matdata.store.catalogue import mark_used
from matdata.store.damage import damage_of, install
from matdata.store.locks import LOCK, Held, holding
from matdata.store.manifest import NAME, RECEIPT, is_committed, read_manifest
from matdata.store.user_metadata import digest_of_base
from matdata.store.walk import entries_below
from matdata.store.wholeness import fault_of


@dataclass(frozen=True)
class Transfer:
    """How artefacts are received.

    Attributes
    ----------
    source
        The shared folder.
    cache
        Where they go.
    workers
        Files that are received at once.
    console
        Shows the bytes that came.
    """

    source: SharedFolder
    cache: Path
    workers: int
    console: Console


@dataclass(frozen=True)
class Pulled:
    """What became of an artefact.

    Attributes
    ----------
    ref
        How it is named.
    kind
        Its kind.
    folder
        Where it lies.
    state
        ``pulled``, ``repaired``, or ``unchanged`` if all of it was there.
    files, size
        Its files, and their bytes.
    received
        Bytes that came.
    """

    ref: str
    kind: str
    folder: Path
    state: str
    files: int
    size: int
    received: int = 0


def install_record(record: Record, manifest: JsonObject, transfer: Transfer) -> Pulled:
    """Receive an artefact and put it into the cache.

    Parameters
    ----------
    record
        What its shared folder says of it.
    manifest
        Its manifest, checked against the record (`matdata.sharing.consistency`); of a split its
        note.
    transfer
        Where it comes from and goes.

    Raises
    ------
    DamageError
        If what comes is not what the record says.
    StoreError
        If the store fails for good, the disk is full, or another run of that name is there.
    """
    key, final = record.key, record.key.folder(transfer.cache)
    if key.kind == "split":
        return _install_split(record, manifest, final, transfer)
    staging = staging_of(record, final.parent)
    with _locked(key, final, manifest, transfer), holding(_lock_of(staging)) as lock:
        state = _standing(record, final)
        received = 0
        if state != "unchanged":
            received = _receive(record, staging, final, transfer)
            lock.require()
            _commit(record, final)
        if key.kind in ("dataset", "feature"):
            mark_used(final)
        return Pulled(key.ref, key.kind, final, state, len(record.files), record.size, received)


@contextlib.contextmanager
def _locked(key: Key, final: Path, manifest: JsonObject, transfer: Transfer) -> Iterator[None]:
    """Hold the lock that whoever builds the same artefact, or trains the run, holds."""
    say = transfer.console.warn
    waiting = f"another process is making {key.ref}; waiting for it"
    if key.kind != "run":
        lock = f"{LOCK}{key.kind}-{_request_of(manifest)[:16]}"
        with holding(final.parent / lock, waiting=lambda: say(waiting)):
            yield
        return
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(holding(final.with_name(f"{LOCK}{final.name}"), wait=False))
        except Held:
            raise StoreError(
                f"another process is training, scoring or pulling run {final.name!r}",
                next_step="wait until it is over",
            ) from None
        yield


def _request_of(manifest: JsonObject) -> str:
    """What a builder names its lock by: the digest of its request."""
    return str(manifest.get("identity_digest") or manifest.get("request_digest") or "")


def _standing(record: Record, final: Path) -> str:
    """What there is to do: nothing, to repair, or to pull.

    Raises
    ------
    StoreError
        If there is another run of that name.
    """
    kind = record.key.kind
    if not is_committed(final):
        return "pulled"
    if kind != "run":
        return "repaired" if damage_of(final, kind) else "unchanged"
    different = [
        name for name, one in record.files.items() if fault_of(final / name, one.size, one.sha256)
    ]
    if different:
        raise StoreError(
            f"there is a run {final.name!r} in the cache that differs in {first_few(different)}",
            cause="another run, or the same one scored or extended on one side alone",
            next_step=f"rename or remove {final}, or pull into another --cache",
        )
    return "unchanged"


def staging_of(record: Record, home: Path) -> Path:
    """Where an artefact is received; the next attempt finds it again."""
    contents = {name: one.sha256 for name, one in record.files.items()}
    digest = digest_json([record.key.path, contents])
    return home / f"{STAGING}pull-{record.key.kind}-{digest[:16]}"


def _lock_of(staging: Path) -> Path:
    """The lock by which `matdata gc` sees that somebody receives into a staging folder."""
    return staging.with_name(f"{LOCK}{staging.name.removeprefix(STAGING)}")


def _receive(record: Record, staging: Path, existing: Path, transfer: Transfer) -> int:
    try:
        staging.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, staging) from error
    return receive_all(
        record.files,
        transfer.source,
        staging,
        existing,
        transfer.workers,
        transfer.console,
        record.key.ref,
    )


def _commit(record: Record, final: Path) -> None:
    """Give a staging folder in which all files are whole its final name."""
    staging = staging_of(record, final.parent)
    try:
        for name in _others(staging, record):
            files.remove(staging / name)
        read_manifest(staging, record.key.kind)
        if final.is_dir():
            records = {name: (one.size, one.sha256) for name, one in record.files.items()}
            for name in (NAME, RECEIPT):
                records.pop(name)
            install(staging, final, records)
        else:
            files.publish(staging, final)
    except OSError as error:
        raise storage_error(error, final) from error


def _others(staging: Path, record: Record) -> list[str]:
    """Files that an attempt left and that are no part of the artefact."""
    return [name for name in entries_below(staging).files if name not in record.files]


def _install_split(record: Record, note: JsonObject, home: Path, transfer: Transfer) -> Pulled:
    """Receive a split and give it to its dataset, which must be there."""
    key, dataset = record.key, home.parent
    if not is_committed(dataset):
        raise StoreError(
            f"{key.home}, to which split {key.name} belongs, is not in the cache",
            next_step=f"pull {key.home} first, or together with it",
        )
    manifest = read_manifest(dataset, "dataset")
    if note["dataset_digest"] not in (manifest["identity_digest"], digest_of_base(manifest)):
        raise StoreError(f"split {key.name} was made from another dataset than {dataset}")
    staging = staging_of(record, dataset.parent)
    with holding(_lock_of(staging)):
        try:
            received = _receive(record, staging, home, transfer)
            added = notes.adopt(home, key.name, staging)
        finally:
            files.remove(staging)
    state = "pulled" if added else "unchanged"
    return Pulled(key.ref, key.kind, home, state, len(record.files), record.size, received)


def discard(record: Record, cache: Path) -> None:
    """Remove what was received of an artefact that is refused."""
    final = record.key.folder(cache)
    home = final.parent.parent if record.key.kind == "split" else final.parent
    files.remove(staging_of(record, home))
