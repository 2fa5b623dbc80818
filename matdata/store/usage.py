"""Bytes on disk of files and folders: each file once, however many names (hard links) it has."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from matdata.store.walk import entries_below

BLOCK = 512  # bytes of a block in `st_blocks` (POSIX)


@dataclass
class _Inode:
    """A file on disk.

    Attributes
    ----------
    size
        Bytes that the file system allocated.
    links, counted
        Its names, and how many of them were counted.
    """

    size: int
    links: int
    counted: int = 0


class Usage:
    """Files that were counted; add folders one after another.

    Attributes
    ----------
    size
        Bytes on disk of all files, each counted once.
    """

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self.size = 0
        self._inodes: dict[tuple[int, int], _Inode] = {}
        for path in paths:
            self.add(path)

    def add(self, path: Path) -> int:
        """Count a file or all files below a folder; return the bytes not counted before."""
        before = self.size
        names = entries_below(path).files if path.is_dir() and not path.is_symlink() else [""]
        for name in names:
            self._count(path / name)
        return self.size - before

    def _count(self, path: Path) -> None:
        try:
            status = os.lstat(path)
        except OSError:  # removed since it was listed
            return
        key = (status.st_dev, status.st_ino)
        if key not in self._inodes:
            blocks = getattr(status, "st_blocks", None)  # Windows has none
            size = status.st_size if blocks is None else blocks * BLOCK
            self._inodes[key] = _Inode(size, status.st_nlink)
            self.size += size
        self._inodes[key].counted += 1

    def freed(self) -> int:
        """Bytes that are free if all counted names are removed: other names keep a file."""
        return sum(one.size for one in self._inodes.values() if one.links <= one.counted)


def disk_size(path: Path) -> int:
    """Bytes on disk of a file or a folder; a file with several names inside it counts once."""
    return Usage([path]).size
