"""Findings on a cache: where it is, whether it can be written, room, locks, and what was left."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from matdata.checks.finding import Finding
from matdata.core.cache import ALSO, ENV, KINDS, also_named, ensure_writable
from matdata.core.errors import StoreError
from matdata.core.printable import human_bytes
from matdata.sources.download import DOWNLOADS
from matdata.sources.download import PART as DOWNLOAD_PART
from matdata.store.artefact import STAGING
from matdata.store.files import REMOVING
from matdata.store.locks import LOCK, holder_of
from matdata.store.walk import entries_below, size_of

#: File systems that several machines share, as Linux names them.
SHARED = ("nfs", "cifs", "smb", "lustre", "gpfs", "beegfs", "ceph", "glusterfs", "afs", "9p")
#: Object stores mounted as file systems: they copy where others rename.
OBJECT_STORES = ("fuse.s3fs", "fuse.gcsfuse", "fuse.goofys", "fuse.rclone", "fuse.blobfuse")
LEAST_FREE = 10**9  # bytes below which builds will hardly end


def cache_state(cache: Path) -> Iterator[Finding]:
    """Place, size and room of a cache, its locks, and what killed commands left in it."""
    yield from _place(cache)
    yield from _also(cache)
    entries = entries_below(cache)
    yield from (
        Finding(
            "cache", "unreadable", "broken", str(fault), "give yourself access, or ask its owner"
        )
        for fault in entries.faults
    )
    sizes = {name: size_of(cache / name) for name in entries.files}
    kinds = {kind: sum(v for k, v in sizes.items() if k.startswith(f"{kind}/")) for kind in
             (*KINDS, DOWNLOADS)}  # fmt: skip
    shown = ", ".join(f"{kind} {human_bytes(size)}" for kind, size in kinds.items() if size)
    yield Finding("cache", "size", "ok", f"{human_bytes(sum(sizes.values()))} ({shown or 'empty'})")
    locks = list(_locks(cache, entries.files))
    yield from locks
    held = any(one.state == "note" for one in locks)
    yield from _left(cache, sizes, anybody_works=held)


def _place(cache: Path) -> Iterator[Finding]:
    named = f" (${ENV})" if os.environ.get(ENV) == str(cache) else ""
    if not cache.exists():
        step = "the first build makes it"
        yield Finding("cache", "path", "note", f"{cache}{named} does not exist yet", step)
        return
    yield Finding("cache", "path", "ok", f"{cache}{named}")
    try:
        ensure_writable(cache)
        yield Finding("cache", "writable", "ok", "yes")
    except StoreError as error:
        yield Finding("cache", "writable", "broken", error.what, error.next_step or "")
    free = shutil.disk_usage(cache).free
    few = free < LEAST_FREE
    step = "free some space, or choose another folder (--cache, $MATDATA_CACHE)" if few else ""
    yield Finding("cache", "free", "broken" if few else "ok", human_bytes(free), step)
    kind = file_system(cache)
    if kind.startswith(OBJECT_STORES):
        text = f"{kind}: an object store, whose renames are no single step"
        step = "build there from one process at a time: locks need atomic renames"
        yield Finding("cache", "file system", "note", text, step)
    elif kind.startswith(SHARED):
        yield Finding("cache", "file system", "ok", f"{kind}: shared with other machines")
    elif kind:
        yield Finding("cache", "file system", "ok", kind)


def _also(cache: Path) -> Iterator[Finding]:
    """The second places that are read."""
    for place in also_named():
        if place == cache.resolve():
            text = f"${ALSO} names this cache itself, which is therefore not written to"
            yield Finding("cache", "also", "broken", text, f"take it out of ${ALSO}")
        elif not os.path.isdir(place):  # an error of access is a no
            step = f"mount it, or take it out of ${ALSO}"
            yield Finding("cache", "also", "note", f"{place} is not there, or no folder", step)
        elif not os.access(place, os.R_OK | os.X_OK):
            step = "give yourself access, or ask its owner"
            yield Finding("cache", "also", "broken", f"{place} cannot be read", step)
        else:
            yield Finding("cache", "also", "ok", f"{place}, which is only read")


def file_system(path: Path) -> str:
    """Name of the file system that a path is on, where Linux says it; else empty."""
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    resolved = path.resolve()
    best, kind = -1, ""
    for line in mounts:
        _, place, name, *_ = line.split(" ")
        point = Path(place.replace("\\040", " "))
        if len(point.parts) > best and (resolved == point or point in resolved.parents):
            best, kind = len(point.parts), name
    return kind


def _locks(cache: Path, names: list[str]) -> Iterator[Finding]:
    """Locks that are held, and by whom, and files in the place of locks."""
    for name in names:
        if Path(name).name.startswith(LOCK):
            text = "a file, where locks are folders; whoever needs the lock is refused"
            yield Finding("locks", name, "broken", text, "remove it; it holds nothing")
    paths = sorted({Path(name).parent for name in names})
    for path in (path for path in paths if path.name.startswith(LOCK)):
        with contextlib.suppress(OSError):  # of another user, who alone may take it
            holder = holder_of(cache / path)
            if holder is not None:
                step = "wait for it, or end it; a lock ends with its process"
                if not holder.is_here:
                    step = f"{step}, or after {holder.term / 1000:g} s without a sign of life"
                yield Finding("locks", path.as_posix(), "note", f"held by {holder}", step)


def _left(cache: Path, sizes: dict[str, int], anybody_works: bool) -> Iterator[Finding]:
    """Unfinished artefacts and downloads, and removals that were stopped."""
    left: dict[str, int] = {}
    for name, size in sizes.items():
        parts = Path(name).parts
        for k, part in enumerate(parts):
            if part.startswith((STAGING, DOWNLOAD_PART, REMOVING)):
                place = "/".join(parts[: k + 1])
                left[place] = left.get(place, 0) + size
                break
    for place, size in sorted(left.items()):
        text = f"{human_bytes(size)} of something unfinished"
        step = "the same command goes on from there; else `matdata gc` removes it"
        if Path(place).name.startswith(REMOVING):
            text = f"{human_bytes(size)} of a removal that was stopped"
            step = "`matdata gc` finishes it"
        if anybody_works:
            text, step = f"{text}, perhaps of the process that holds a lock", f"if not, {step}"
        yield Finding("leftovers", place, "note", text, step)
