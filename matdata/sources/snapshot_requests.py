"""Other requests that gave the records of a snapshot: recorded beside its manifest.

The same file under two names, or read with options that change nothing, gives equal records, which
are kept once. The manifest states the first request, and stays as it is; `REQUESTS` states what the
source reported of itself at each later one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import DamageError
from matdata.store.locks import LOCK, holding
from matdata.store.manifest import read_manifest
from matdata.store.records import read_record, write_record
from matdata.store.wholeness import MISSING, fault_of

KIND = "snapshot"
REQUESTS = "requests.json"  # in the folder of the snapshot
AGAIN = "give the `matdata build` of these records again, which writes it anew"


def other_requests(folder: Path) -> dict[str, JsonObject]:
    """By digest of a later request the origin; empty if there is none.

    Raises
    ------
    DamageError
        If the record is damaged. It costs a reading of the source, which records it again.
    StoreError
        If the record may not be read.
    """
    path = folder / REQUESTS
    if fault_of(path) == MISSING:
        return {}
    origins = read_record(path, next_step=AGAIN).get("origins")
    if not isinstance(origins, dict):
        raise DamageError(f"{path} is damaged: it holds no origins", next_step=AGAIN)
    return origins


def add_request(folder: Path, request_digest: str, origin: JsonMapping) -> None:
    """Record that a request gave the records of a snapshot that is there.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    with holding(folder.with_name(f"{LOCK}{folder.name}")) as lock:
        origins = {request_digest: dict(origin)}
        with contextlib.suppress(DamageError):  # a damaged record is replaced by a new one
            origins = {**other_requests(folder), **origins}
        lock.require()
        write_record(folder / REQUESTS, {"origins": dict(sorted(origins.items()))})


def manifests_of(folder: Path) -> Iterator[JsonObject]:
    """The manifest, and what it would be if each of the later requests had been the first.

    Raises
    ------
    StoreError
        If the folder is no snapshot, or one of the files may not be read.
    """
    manifest = read_manifest(folder, KIND)
    yield manifest
    for request_digest, origin in other_requests(folder).items():
        yield {**manifest, "origin": origin, "request_digest": request_digest}


def manifest_for(folder: Path, request_digest: str) -> JsonObject | None:
    """The one of `manifests_of` that states a request; None if none does. Raises as that."""
    matching = (one for one in manifests_of(folder) if one["request_digest"] == request_digest)
    return next(matching, None)
