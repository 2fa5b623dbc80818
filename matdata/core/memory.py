"""How much memory there is for this process: of the machine, and of the control groups it is in.

Interfaces: ``/proc/meminfo``, ``/proc/self/status``, ``/proc/self/cgroup`` (proc(5)); of cgroup v2
``memory.max``, ``memory.current``, ``memory.swap.*`` and ``memory.stat``, of v1
``memory.limit_in_bytes``, ``memory.usage_in_bytes``, ``memory.memsw.*`` and ``memory.stat``. Where
they are missing, half of the machine's memory counts as free.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC, _GROUPS = Path("/proc"), Path("/sys/fs/cgroup")
#: Files of a control group: its limit, what is used, and both of swap (in version 1: with swap).
_V2 = ("memory.max", "memory.current", "memory.swap.max", "memory.swap.current")
_V1 = (
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    "memory.memsw.limit_in_bytes",
    "memory.memsw.usage_in_bytes",
)
#: Names in memory.stat of what the kernel takes back before anything fails.
_CACHES = ("inactive_file", "active_file", "slab_reclaimable")
_UNLIMITED = 1 << 60  # version 1 writes a huge number where there is no limit


@dataclass(frozen=True)
class OwnMemory:
    """What this process has taken.

    Attributes
    ----------
    held
        Bytes of private memory that lie in memory or in swap.
    mapped
        Bytes of private writable memory that it has asked for, touched or not: what the system
        counts for its limit (``RLIMIT_DATA``).
    """

    held: int
    mapped: int


def memory_of_machine() -> int | None:
    """Bytes that this process may use: of the machine, or of its control group; None if unknown."""
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    return min([machine, *(group.limit for group in _groups())])


def memory_free() -> int:
    """Bytes of memory that are free: of the machine, or of the container if that is less.

    Files that the system keeps in memory count as free, for it gives them up. Swap does not.
    """
    found = _table(_PROC / "meminfo").get("MemAvailable")
    limits = [(memory_of_machine() or 0) // 2 if found is None else found]
    limits += [group.limit - group.used for group in _groups()]
    return max(0, min(limits))


def swap_free() -> int:
    """Bytes of swap that this process could still fill."""
    limits = [_table(_PROC / "meminfo").get("SwapFree", 0)]
    limits += [group.swap for group in _groups() if group.swap is not None]
    return max(0, min(limits))


def own_memory() -> OwnMemory | None:
    """What this process has taken; None where the system does not say."""
    status = _table(_PROC / "self" / "status")
    if "RssAnon" not in status or "VmData" not in status:
        return None
    return OwnMemory(status["RssAnon"] + status.get("VmSwap", 0), status["VmData"])


@dataclass(frozen=True)
class _Group:
    limit: int
    used: int
    swap: int | None


def _groups() -> Iterator[_Group]:
    """The control groups that limit the memory of this process, from its own to the root."""
    for folder, names in _folders():
        limit, used = _number(folder / names[0]), _number(folder / names[1])
        if limit is None or used is None or limit >= _UNLIMITED:
            continue
        pages = _table(folder / "memory.stat", unit=1)
        most, taken = _number(folder / names[2]), _number(folder / names[3])
        swap = None if most is None or taken is None else most - taken
        if swap is not None and names is _V1:  # both count memory as well
            swap -= limit - used
        cached = sum(pages.get(f"total_{name}", pages.get(name, 0)) for name in _CACHES)
        yield _Group(limit, max(used - cached, 0), swap)


def _folders() -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Folders of control groups, as far as this process sees them.

    In a container its own group is the root of what it sees, whatever path the system names.
    """
    for line in _text(_PROC / "self" / "cgroup").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers == "":
            root, names = _GROUPS, _V2
        elif "memory" in controllers.split(","):
            root, names = _GROUPS / "memory", _V1
        else:
            continue
        own = Path(os.path.normpath(root / path.lstrip("/")))
        inside = [own, *own.parents] if own.is_relative_to(root) else [root]
        for folder in inside:
            yield folder, names
            if folder == root:
                break


def _table(path: Path, unit: int = 1024) -> dict[str, int]:
    """Numbers of a file of lines such as ``MemFree:  12 kB``, in bytes."""
    found = {}
    for line in _text(path).splitlines():
        name, *rest = line.replace(":", " ").split()[:2] or [""]
        with contextlib.suppress(ValueError, IndexError):
            found[name] = int(rest[0]) * unit
    return found


def _number(path: Path) -> int | None:
    """The number in a file; None if there is none, as where a limit is ``max``."""
    text = _text(path).strip()
    return int(text) if text.isascii() and text.isdecimal() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
