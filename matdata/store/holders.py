"""Who holds a lock: host, process and a random token, written as the name of an empty file.

In the name, because a name is all that is needed to look at a lock: nothing is read that could be
half-written or cached by a network file system, and no room is needed on a full disk.
"""

from __future__ import annotations

import functools
import os
import re
import secrets
import socket
from pathlib import Path
from typing import NamedTuple, Self

from matdata.core.digest import digest_bytes

_HOST = 60  # characters of a host's name
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_NAME = re.compile(
    r"(?P<host>[A-Za-z0-9._-]*)~(?P<machine>[0-9a-f]{12})~(?P<pid>\d{1,20})"
    r"~(?P<start>\d{1,20})~(?P<term>\d{1,9})~(?P<token>[0-9a-f]{16})"
)
_DEAD = ("Z", "X")  # states of a process that has ended but is still listed


class Holder(NamedTuple):
    """One taking of a lock.

    Attributes
    ----------
    host
        Name of the machine, for messages.
    machine
        Digest of what makes process ids comparable: host, boot and namespace of process ids. Two
        containers may have the same host name, and a machine numbers anew when it boots.
    pid, start
        Process, and its start in ticks since the boot (0 where the system does not say): an id
        is given again to another process.
    term
        Milliseconds without a sign of life after which others may take the lock over.
    token
        Random: no two takings are the same, not even by one process.
    """

    host: str
    machine: str
    pid: int
    start: int
    term: int
    token: str

    @classmethod
    def of_this_process(cls, term: float) -> Self:
        """A new one, with a term in seconds."""
        host = _UNFIT.sub("-", socket.gethostname())[:_HOST]
        pid = os.getpid()
        millis = round(1000 * term)
        return cls(host, _machine(), pid, _start_of(pid) or 0, millis, secrets.token_hex(8))

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """The holder that a file name states; None if it is not the name of one."""
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        texts = match.groupdict()
        pid, start, term = int(texts["pid"]), int(texts["start"]), int(texts["term"])
        return cls(texts["host"], texts["machine"], pid, start, term, texts["token"])

    @property
    def name(self) -> str:
        """The file name that states it."""
        return "~".join(map(str, self))

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this machine."""
        return self.machine == _machine()

    def is_gone(self) -> bool:
        """Whether it was a process of this machine that has ended; False if that is not known."""
        return self.is_here and _start_of(self.pid) != self.start

    def __str__(self) -> str:
        return f"process {self.pid}" if self.is_here else f"process {self.pid} on {self.host}"


@functools.cache
def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        identity = f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # not Linux
        import uuid

        # random for each process where no network device is found: then only terms count
        identity = str(uuid.getnode())
    return digest_bytes(f"{socket.gethostname()} {identity}".encode())[:12]


def _start_of(pid: int) -> int | None:
    """When a process of this machine began; None if there is none, 0 if it is not known."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return 0 if _answers(pid) and not Path("/proc/self/stat").exists() else None
    state, *fields = text.rpartition(b")")[2].decode("ascii", "replace").split()
    return None if state in _DEAD else int(fields[18])


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # of another user
        return True
    return True
