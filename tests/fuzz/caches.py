"""What a cache holds, as bytes: equal names must mean equal bytes, whoever wrote them, whenever."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

#: Not the artefact: times, the order of use, and what is added beside it later on.
OUTSIDE = ("receipt.json", "latest.json", "added.json", "openings.jsonl")
ARTEFACTS = ("snapshots", "datasets", "features")


def artefact_files(cache: Path) -> list[Path]:
    """Files of finished artefacts; what begins with a dot is none of them."""
    found = []
    for home in ARTEFACTS:
        for path in sorted((cache / home).rglob("*")):
            parts = path.relative_to(cache).parts
            hidden = any(part.startswith(".") for part in parts)
            if path.is_file() and not hidden and not path.name.endswith(OUTSIDE):
                found.append(path)
    return found


def digests(cache: Path) -> dict[str, str]:
    """SHA-256 of each file of an artefact, by its path in the cache."""
    return {
        path.relative_to(cache).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in artefact_files(cache)
    }


def halves(cache: Path) -> list[str]:
    """Folders with the name of an artefact that are none: without a manifest."""
    found = []
    for home in ARTEFACTS:
        for folder in (cache / home).glob("*/*"):
            if (
                folder.name[0] != "."
                and folder.is_dir()
                and not (folder / "manifest.json").exists()
            ):
                found.append(folder.relative_to(cache).as_posix())
    return found


def move_clock(cache: Path, seconds: float) -> None:
    """Move the times of all files, as a clock that was set wrongly would have."""
    for path in [cache, *cache.rglob("*")]:
        if not path.is_symlink():
            times = path.stat()
            os.utime(path, (times.st_atime + seconds, times.st_mtime + seconds))


def copied(cache: Path, target: Path) -> Path:
    """A copy of a cache, whose files have times of their own."""
    shutil.copytree(cache, target, copy_function=shutil.copyfile)
    return target
