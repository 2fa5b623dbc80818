"""Locks between processes: one file per resource that only one may write at a time.

A lock is the operating system's `flock`: it ends with the process that holds it, so that a killed
one leaves none; the empty file stays. Readers take no lock: a cache may be read-only.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from matdata.core.cache import storage_error
from matdata.core.errors import StoreError

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


def holder_of(path: Path) -> int | None:
    """The process that holds a lock file: 0 if it is not known which, None if no process does.

    Linux lists the holders of this machine. Elsewhere the lock is tried, and released at once.
    """
    try:
        status = path.stat()
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        lines = []
    else:
        device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
        for line in lines:
            fields = line.split()
            if device in fields and fields[1] != "->":
                return max(int(fields[4]), 0)
    try:
        with holding(path, wait=False):
            return None
    except Held:
        return 0
    except StoreError:  # of another user, who alone may take it
        return None
