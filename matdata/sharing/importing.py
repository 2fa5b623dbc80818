"""Takes over pushed folders and archives: all of one is checked before anything is installed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from matdata.core.cache import ensure_writable
from matdata.core.console import Console
from matdata.core.errors import MatdataError, StoreError
from matdata.core.executors import Workers, ordered_map
from matdata.sharing.archive import unpacked
from matdata.sharing.folder import LocalFolder, SharedFolder, digest_and_size
from matdata.sharing.install import Pulled, Transfer, discard
from matdata.sharing.layout import blob
from matdata.sharing.pull import Planned, plan, pull_all
from matdata.sharing.reading import all_keys, read_marker
from matdata.sharing.record import damaged
from matdata.sharing.retrying import retried


def import_all(path: Path, workers: int, cache: Path, console: Console) -> list[Pulled]:
    """Install all artefacts of a pushed folder or an archive of one.

    Parameters
    ----------
    path
        The folder or archive.
    workers
        Files that are read at once.
    cache
        Where they go.
    console
        Shows the progress.

    Raises
    ------
    StoreError
        If it is no pushed folder, or damaged or hostile; then nothing of it is installed.
    """
    if not path.exists():
        raise StoreError(f"there is nothing at {path}", next_step="check the path")
    ensure_writable(cache)
    with _opened(path, cache) as folder:
        if not read_marker(folder):
            raise StoreError(
                f"{path} is no folder that was pushed to",
                cause="another folder, or one above or below it",
                next_step="name the folder that holds matdata.json",
            )
        planned = plan(folder, all_keys(folder))
        if not planned:
            raise StoreError(f"{path} holds no artefacts")
        require_blobs(planned, folder, workers)
        try:
            return pull_all(planned, Transfer(folder, cache, workers, console))
        except MatdataError:
            for one in planned:
                discard(one.record, cache)
            raise


@contextlib.contextmanager
def _opened(path: Path, cache: Path) -> Iterator[SharedFolder]:
    if path.is_dir():
        yield LocalFolder(path)
        return
    with unpacked(path, cache) as folder:
        yield LocalFolder(folder)


def require_blobs(planned: list[Planned], folder: SharedFolder, workers: int) -> None:
    """Compare all blobs with the digests and sizes that records state.

    Raises
    ------
    DamageError
        If one is missing or has other bytes.
    """
    files = {one for part in planned for one in part.record.files.values()}
    stated = sorted({(one.sha256, one.size) for one in files})
    digests = sorted({digest for digest, _ in stated})

    def actual(digest: str) -> tuple[str, int] | None:
        name = blob(digest)
        try:
            return retried(lambda: digest_and_size(folder, name), f"{name} cannot be read")
        except FileNotFoundError:
            return None

    results = ordered_map(actual, digests, Workers(workers), "thread")
    blobs = dict(zip(digests, results, strict=True))
    for digest, size in stated:
        fault = _fault_of_blob(blobs[digest], digest, size)
        if fault is not None:
            raise damaged(f"{folder.shown}/{blob(digest)}", fault)


def _fault_of_blob(actual: tuple[str, int] | None, digest: str, size: int) -> str | None:
    if actual is None:
        return "it is missing"
    if actual[0] != digest:
        return "its bytes are not those of its name"
    return None if actual[1] == size else f"a record states {size:,} bytes, it has {actual[1]:,}"
