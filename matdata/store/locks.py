"""Locks between processes: one file per resource that only one may write at a time.

A lock is the operating system's `flock`: it ends with the process that holds it, so that a killed
one leaves none; the empty file stays. Readers take no lock: a cache may be read-only.
"""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from matdata.core.cache import storage_error

LOCK = ".lock-"
OWNER = stat.S_IRUSR | stat.S_IWUSR
EVERYONE = 0o666


class Held(Exception):
    """Another process holds the lock."""


@contextlib.contextmanager
def holding(
    path: Path, *, waiting: Callable[[], None] | None = None, wait: bool = True
) -> Iterator[None]:
    """Hold the lock file `path` while the block runs; its folder is created if needed.

    All users who may write in the folder may take its locks, whatever the umask of the first.

    Parameters
    ----------
    path
        The lock file, by convention ``.lock-<name>`` next to what it guards.
    waiting
        Called once if another process holds it.
    wait
        Wait for that process.

    Raises
    ------
    Held
        If another process holds it and `wait` is false.
    StoreError
        If the file cannot be written.
    """
    from filelock import FileLock, Timeout

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.parent.stat().st_mode & EVERYONE | OWNER
        lock = FileLock(path, mode=mode)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if not wait:
                raise Held from None
            if waiting is not None:
                waiting()
            lock.acquire()
    except OSError as error:
        raise storage_error(error, path) from error
    try:
        yield
    finally:
        lock.release()
