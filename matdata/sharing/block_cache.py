"""Blocks of shared files that were read: kept on disk by digest, up to a number of bytes."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from matdata.core.cache import BLOCKS
from matdata.core.digest import digest_bytes
from matdata.core.errors import ConfigError
from matdata.store import files

ENV = "MATDATA_BLOCKS_GB"
DEFAULT_GB = 10.0
#: Share of the limit that is kept when it was passed: the blocks that were used last.
KEPT = 0.8


class BlockCache:
    """Blocks of a cache folder. One that was damaged counts as one that is not there.

    Parameters
    ----------
    cache
        The cache folder.
    limit
        Most bytes; ``$MATDATA_BLOCKS_GB`` gigabytes (10) if not given.
    """

    def __init__(self, cache: Path, limit: int | None = None) -> None:
        self.folder = cache / BLOCKS
        self.limit = _limit() if limit is None else limit
        self._lock = threading.Lock()
        self._size: int | None = None

    def get(self, digest: str) -> bytes | None:
        """A block, compared with its digest; None if it is not there."""
        path = self._path(digest)
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return data if digest_bytes(data) == digest else None

    def put(self, digest: str, data: bytes) -> None:
        """Keep a block. A disk that is full or read-only keeps none: they are fetched each time."""
        path = self._path(digest)
        temporary = files.temporary_beside(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(data)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            return
        with self._lock:
            self._size = self._measured() if self._size is None else self._size + len(data)
            if self._size > self.limit:
                self._size = self._shrunk()

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest

    def _blocks(self) -> list[tuple[float, int, Path]]:
        """Time of use, bytes and path of each block; of another process some may vanish."""
        blocks = []
        for path in self.folder.glob("[0-9a-f][0-9a-f]/*"):
            try:
                status = path.stat()
            except OSError:
                continue
            blocks.append((status.st_mtime, status.st_size, path))
        return blocks

    def _measured(self) -> int:
        return sum(size for _, size, _ in self._blocks())

    def _shrunk(self) -> int:
        """Remove the blocks whose use lies back furthest; returns the bytes that are left."""
        blocks = sorted(self._blocks())
        total = sum(size for _, size, _ in blocks)
        for _, size, path in blocks:
            if total <= KEPT * self.limit:
                break
            path.unlink(missing_ok=True)
            total -= size
        return total


def _limit() -> int:
    text = os.environ.get(ENV) or str(DEFAULT_GB)
    try:
        gigabytes = float(text)
    except ValueError:
        gigabytes = -1.0
    if not 0 <= gigabytes < 1e9:
        raise ConfigError(f"${ENV} is {text[:50]!r}", next_step="give a number of gigabytes")
    return int(gigabytes * 1e9)
