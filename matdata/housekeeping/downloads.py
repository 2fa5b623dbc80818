"""Downloads that nobody needs: unfinished ones, and those of records that are kept nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from matdata.core.errors import StoreError
from matdata.housekeeping.leftovers import Leftover
from matdata.sources.download import DOWNLOADS, PART, RECEIPT, receipt_of
from matdata.sources.snapshot_requests import manifests_of
from matdata.store.catalogue import kept_below
from matdata.store.locks import LOCK, holder_of
from matdata.store.walk import children

#: Of the Materials Project's open data: their snapshots name the collection and not its files.
COLLECTION, COLLECTIONS = "mp-", "open_data"
SCRATCH = ".scratch-"


def downloads(cache: Path) -> list[Leftover]:
    """Downloads without a holder that are unfinished, or that no snapshot was read from.

    Finished ones stay where a snapshot cannot be read, or is being taken: perhaps from them.
    """
    places = [cache / DOWNLOADS, *(p for p in children(cache / DOWNLOADS)[0] if p.is_dir())]
    places = [place for place in places if not place.name.startswith(".")]
    unfinished = [one for place in places for one in _unfinished(cache, place)]
    named = _named_in_snapshots(cache)
    if named is None or _is_reading(cache):
        return unfinished
    return [*unfinished, *(one for place in places for one in _unused(place, named))]


def _unfinished(cache: Path, home: Path) -> Iterator[Leftover]:
    reading = tuple(_snapshot_locks(cache))
    for path in children(home)[0]:
        if path.name.startswith(PART):
            name = path.name.removeprefix(PART)
            locks = (home / f"{LOCK}{name}", home / f"{LOCK}{name.removesuffix('.etag')}")
            yield Leftover("download", "unfinished, and nobody goes on", (path,), locks)
        elif path.name.startswith(SCRATCH):
            yield Leftover("download", "of a reader that has ended", (path,), reading)


def _unused(home: Path, named: set[str]) -> Iterator[Leftover]:
    for path in children(home)[0]:
        if path.name.startswith(".") or path.is_dir() or path.name.endswith(RECEIPT):
            continue
        try:
            digest = str(receipt_of(path)["sha256"])
        except (StoreError, KeyError):  # `verify` reports it
            continue
        if digest in named or (path.name.startswith(COLLECTION) and COLLECTIONS in named):
            continue
        # the receipt goes last: a file without one would be a fault
        paths = (path, path.with_name(f"{path.name}{RECEIPT}"))
        yield Leftover("download", "no snapshot was read from it", paths,
                       (home / f"{LOCK}{path.name}",))  # fmt: skip


def _named_in_snapshots(cache: Path) -> set[str] | None:
    """All texts and keys in the requests of snapshots; None if one cannot be read."""
    named: set[str] = set()
    for contents in kept_below(cache / "snapshots").values():
        if contents.faults:
            return None
        for folder in contents.folders:
            try:
                named.update(_texts([one["origin"] for one in manifests_of(folder)]))
            except (StoreError, KeyError):
                return None
    return named


def _texts(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, Mapping):
            yield from map(str, one)
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _snapshot_locks(cache: Path) -> list[Path]:
    return sorted((cache / "snapshots").glob(f"*/{LOCK}*"))


def _is_reading(cache: Path) -> bool:
    """Whether a download or a snapshot is under way."""
    locks = [*_snapshot_locks(cache), *(cache / DOWNLOADS).rglob(f"{LOCK}*")]
    return any(holder_of(lock) is not None for lock in locks)
