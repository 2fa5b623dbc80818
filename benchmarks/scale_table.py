"""The table of `scale.py`: its lines, what is compared for them, and where they were measured."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

from process_memory import Measured

MATDATA = (sys.executable, "-m", "matdata.cli")


class Line(NamedTuple):
    """A row of the table."""

    item: str
    size: int
    seconds: float
    peak: int
    disk: int | None
    command: str
    note: str = ""


def line_of(
    item: str,
    size: int,
    done: Measured,
    disk: int | None,
    command: tuple[str, ...],
    note: str = "",
) -> Line:
    """A line; its command is what a user types."""
    is_matdata = command[: len(MATDATA)] == MATDATA
    words = ("matdata", *command[len(MATDATA) :]) if is_matdata else command
    return Line(item, size, done.seconds, done.peak, disk, " ".join(words), note)


def bytes_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def contents_of(cache: Path) -> dict[str, dict[str, list[object]]]:
    """Sizes and digests of the files of datasets and features of a cache, by their folders."""
    return {
        path.parent.relative_to(cache).as_posix(): json.loads(path.read_bytes())["files"]
        for kind in ("datasets", "features")
        for path in cache.glob(f"{kind}/*/*/manifest.json")
    }


def compared(cache: Path, other: Path) -> str:
    """Whether two caches hold the same datasets and features."""
    return "same bytes" if contents_of(cache) == contents_of(other) else "OTHER BYTES"


def print_line(line: Line) -> None:
    """One row of the table."""
    disk = "" if line.disk is None else f"{line.disk / 1e6:,.1f}"
    numbers = f"{line.seconds:,.2f} | {line.peak / 1e6:,.0f} | {disk}"
    print(
        f"| {line.item} | {line.size:,} | {numbers} | {line.note} | `{line.command}` |", flush=True
    )


def print_head() -> None:
    """Where this is measured, and the head of the table."""
    from matdata.core.worker_identity import worker_identity

    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    print(f"{len(os.sched_getaffinity(0))} cores, {memory / 1e9:.1f} GB of memory")
    for name, value in worker_identity().items():
        print(f"{name}: {value}")
    print("\n| item | crystals | s | peak MB (PSS, all processes) | MB on disk | | command |")
    print("|---|---|---|---|---|---|---|")
