"""Which holders of a lock are gone, by their signs of life; their files are removed.

A holder is silent if its file's time is older than its term, on the clock of the file server: both
times were set by it. It is gone if, on the monotonic clock of this process, its time did not move
for two more of its beats. The second condition is for when everything stood still (a server that
was restarted, a laptop that slept): all holders look silent at first, and those that live
show it within a beat.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Literal, NamedTuple

from matdata.store.holders import Holder

BEATS = 8  # signs of life within a term
CONFIRMING = 2  # beats for which a silent holder is watched

Verdict = Literal["free", "alive", "silent"]


class _Seen(NamedTuple):
    """The last sign of life of a silent holder, and when this process first saw it."""

    beat: int
    since: float


class Silence:
    """What a process knows of silent holders; one for all attempts at the same locks."""

    def __init__(self) -> None:
        self._seen: dict[Path, _Seen] = {}

    def clear(self, path: Path, now: int) -> Verdict:
        """Remove what holders that are gone left in a lock, and say what remains.

        Parameters
        ----------
        path
            The lock.
        now
            Nanoseconds on the clock of the file server.

        Returns
        -------
        {"free", "alive", "silent"}
            Free of holders that are not gone; held; held by one that perhaps is gone.

        Raises
        ------
        OSError
            If the lock may not be read, or a file not be removed.
        """
        try:
            held_by = list(path.iterdir())
        except FileNotFoundError:
            return "free"
        verdicts = {self._judge(file, now) for file in held_by}
        return "alive" if "alive" in verdicts else "silent" if "silent" in verdicts else "free"

    def _judge(self, file: Path, now: int) -> Verdict:
        holder = Holder.parse(file.name)
        # what is no holder was left by a file system, as .nfs* by a client that crashed
        term = holder.term / 1000 if holder else 60.0
        if holder is None or not holder.is_gone():
            beat = _beat_of(file)
            if beat is not None and now - beat <= term * 1e9:
                self._seen.pop(file, None)
                return "alive"
            if beat is not None and not self._is_confirmed(file, beat, CONFIRMING * term / BEATS):
                return "silent"
        self._seen.pop(file, None)
        with contextlib.suppress(FileNotFoundError):
            file.unlink()
        return "free"

    def _is_confirmed(self, file: Path, beat: int, seconds: float) -> bool:
        seen = self._seen.get(file)
        if seen is None or seen.beat != beat:
            seen = self._seen[file] = _Seen(beat, time.monotonic())
        return time.monotonic() - seen.since >= seconds


def now_of(file: Path) -> int:
    """The time on the clock of a file's server, in nanoseconds; the file's own time is set to it.

    Raises
    ------
    OSError
        If the file cannot be changed.
    """
    os.utime(file)
    return file.stat().st_mtime_ns


def _beat_of(file: Path) -> int | None:
    """When a holder gave its last sign of life; None if it has just released the lock."""
    # Opened, because NFS clients ask the server again when a file is opened, and only then.
    try:
        handle = os.open(file, os.O_RDONLY)
    except FileNotFoundError:
        return None
    except OSError:  # of another user
        with contextlib.suppress(FileNotFoundError):
            return file.stat().st_mtime_ns
        return None
    try:
        return os.fstat(handle).st_mtime_ns
    finally:
        os.close(handle)
