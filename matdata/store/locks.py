"""Locks between processes of one or several machines: one writer at a time for each resource.

No trust in ``flock``, which many network file systems do not pass on to other machines. A lock is
a folder with one empty file, whose name states the holder (`matdata.store.holders`):

- It is taken by the rename of a prepared folder with that file onto the name of the lock. A
  server carries out a rename as one step, and refuses one onto a folder that is not empty (POSIX
  ``rename``; NFSv3, RFC 1813, 3.3.14; NFSv4, RFC 8881, 18.26), so that of several one wins. An
  answer may be lost on its way, and a repeated request then fails although the first was
  carried out; so it is not the answer that counts, but whether the file is there.
- It is given back, or taken from a holder that is gone, by removing that one file. Its name holds
  a random token: whoever is late removes nothing of the next holder. Between the two steps the
  folder is empty, and whoever renames first has the lock. Nothing remains of a free one.
- A holder shows that it lives by setting its file's time to "now", which the file server
  fills in: clocks of machines are not compared. The same request tells it whether the file is
  still there, since changing a file is never answered from a cache, as looking at one may be.
- A holder is gone if its process has ended (known on the same machine alone), or if it was
  silent for the term that it stated (`matdata.store.silence`).

A holder that was taken for gone (suspended, or cut off) learns it at its next sign of life, and by
`Lock.require` before what it does becomes final. Between that and the commit is a moment that no
file system can guard; artefacts are therefore the same bytes whoever writes them, and are
renamed into place as a whole.

Readers take no lock: a cache may be read-only.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from matdata.core.cache import require_own, storage_error
from matdata.core.errors import StoreError
from matdata.store import files
from matdata.store.holders import Holder
from matdata.store.silence import BEATS, Silence, now_of

LOCK = ".lock-"
#: Seconds of silence after which a holder is gone: twice what NFS clients cache at most, so that
#: a sign of life is seen in time even where a mount does not look again when a file is opened.
TERM = 120.0
OWNER, EVERYONE, NOT_EXECUTABLE = 0o700, 0o777, 0o666
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 1.0  # seconds between two attempts
REFUSALS = 5  # of an empty lock, after which the file system's refusal is final


class Held(Exception):
    """Another process holds the lock."""


class LostLockError(StoreError):
    """Another process took over a lock, because its holder seemed to be gone."""


class Lock:
    """A lock that this process holds.

    Attributes
    ----------
    path
        The lock.
    holder
        This taking of it.
    """

    def __init__(self, path: Path, holder: Holder) -> None:
        self.path = path
        self.holder = holder
        self._file = path / holder.name
        self._over = threading.Event()
        self._lost = False
        threading.Thread(target=self._beat, name=f"beat of {path.name}", daemon=True).start()

    def require(self) -> None:
        """Make sure that this process still holds it; called before anything becomes final.

        Raises
        ------
        LostLockError
            If another process took it over.
        StoreError
            If the file system does not answer.
        """
        if not self._lost:
            try:
                self._touch()
            except OSError as error:
                raise storage_error(error, self.path) from error
        if self._lost:
            raise LostLockError(
                f"{self.path} was taken over by another process",
                cause="this one showed no sign of life for "
                f"{self.holder.term / 1000:g} s: it was suspended, or its machine was cut off "
                "from the file system",
                next_step="run the same command again; it goes on from what is finished",
            )

    def release(self) -> None:
        """Give it back; it may have been lost."""
        self._over.set()
        if self.holder.pid != os.getpid():  # a fork of the holder
            return
        with contextlib.suppress(OSError):
            self._file.unlink()
        with contextlib.suppress(OSError):  # the next holder's
            self.path.rmdir()

    def _touch(self) -> None:
        try:
            os.utime(self._file)
            self._lost = self._lost or not self._file.stat().st_nlink
        except (FileNotFoundError, NotADirectoryError):
            self._lost = True

    def _beat(self) -> None:
        # Errors that pass (a server that restarts) are no loss: `require` decides.
        while not self._lost and not self._over.wait(self.holder.term / 1000 / BEATS):
            with contextlib.suppress(OSError):
                self._touch()


@contextlib.contextmanager
def holding(
    path: Path,
    *,
    waiting: Callable[[], None] | None = None,
    wait: bool = True,
    term: float = TERM,
) -> Iterator[Lock]:
    """Hold a lock while the block runs; the folder that it lies in is created if needed.

    All users who may write in that folder may take its locks, whatever the umask of the first.

    Parameters
    ----------
    path
        The lock, by convention ``.lock-<name>`` next to what it guards.
    waiting
        Called once if another process holds it.
    wait
        Wait for that process.
    term
        Seconds without a sign of life after which others may take it over.

    Raises
    ------
    Held
        If another process holds it and `wait` is false.
    StoreError
        If the lock cannot be written.
    """
    lock = take(path, waiting=waiting, wait=wait, term=term)
    try:
        yield lock
    finally:
        lock.release()


def take(
    path: Path,
    *,
    waiting: Callable[[], None] | None = None,
    wait: bool = True,
    term: float = TERM,
    silence: Silence | None = None,
) -> Lock:
    """Take a lock, which the caller releases.

    Parameters
    ----------
    path, waiting, wait, term
        As of `holding`.
    silence
        What the caller remembers of other holders between attempts. Without it an attempt that
        does not wait stays until it is known whether a silent holder is gone.

    Raises
    ------
    Held
        If another process holds it and `wait` is false.
    StoreError
        If the lock cannot be written.
    """
    require_own(path)
    contender = _Contender(path, Holder.of_this_process(term))
    watched = silence or Silence()
    pauses = _pauses()
    try:
        while not contender.wins():
            verdict = watched.clear(path, contender.now)
            if not wait and (verdict == "alive" or (verdict == "silent" and silence is not None)):
                raise Held
            if waiting is not None and wait and verdict != "free":
                waiting()
                waiting = None
            time.sleep(next(pauses))
        return Lock(path, contender.holder)
    except OSError as error:
        raise storage_error(error, path) from error
    finally:
        contender.leave()


def _pauses() -> Iterator[float]:
    """Seconds between attempts: short at first, and not the same for all who wait."""
    pause = FIRST_PAUSE
    while True:
        yield pause * random.uniform(0.5, 1.0)
        pause = min(1.5 * pause, LONGEST_PAUSE)


class _Contender:
    """One that wants a lock, with the folder that it would rename to the lock's name."""

    def __init__(self, path: Path, holder: Holder) -> None:
        self.path = path
        self.holder = holder
        self.now = 0
        self._folder = files.temporary_beside(path)
        self._refusals = 0
        self._others = False

    def wins(self) -> bool:
        """Try once; sets `now` to the time on the clock of the file server, in nanoseconds."""
        self.now = self._prepare()
        try:
            os.rename(self._folder, self.path)
        except NotADirectoryError as error:
            raise StoreError(
                f"{self.path} is a file, where locks are folders",
                cause="it was written by something else",
                next_step="remove it",
            ) from error
        except OSError as error:
            if (self.path / self.holder.name).exists():  # the answer to it was lost
                return True
            self._consider(error)
            self._others = True
            with contextlib.suppress(OSError):  # where a rename does not replace an empty folder
                self.path.rmdir()
            return False
        return True

    def _prepare(self) -> int:
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        if not self._folder.is_dir():
            mode = self._folder.parent.stat().st_mode & EVERYONE
            self._folder.mkdir()
            self._folder.chmod(mode | OWNER)
        file = self._folder / self.holder.name
        if not file.exists():
            file.touch()
            file.chmod(self._folder.stat().st_mode & NOT_EXECUTABLE)
        return now_of(file)

    def _consider(self, error: OSError) -> None:
        """Raise an error that does not mean that another one holds the lock."""
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
            return
        # swept away as left by a killed process, or an empty folder of another user where only
        # owners may replace theirs: of one that is just releasing it, or was killed
        if not isinstance(error, (FileNotFoundError, PermissionError)):
            raise error
        with contextlib.suppress(FileNotFoundError):
            if any(self.path.iterdir()):
                return
        self._refusals += 1
        if self._refusals > REFUSALS:
            raise error

    def leave(self) -> None:
        """Remove what was prepared, unless it is the lock now; of others, what was killed left."""
        with contextlib.suppress(OSError):
            files.remove(self._folder)
            if self._others:
                files.sweep(self.path.parent, self.path.name)


def holder_of(path: Path) -> Holder | None:
    """The process that holds a lock; None if none does, or only one of this machine that is gone.

    Raises
    ------
    OSError
        If the lock may not be read.
    """
    try:
        names = sorted(entry.name for entry in path.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return None
    holders = (Holder.parse(name) for name in names)
    return next((one for one in holders if one is not None and not one.is_gone()), None)
