"""A shared folder as push and pull use it, and the one of this machine."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

from matdata.sharing.address import Address
from matdata.store import files
from matdata.store.verify import is_passing

PIECE = 1 << 20  # bytes read at a time


class SharedFolder(Protocol):
    """Files by relative name (`matdata.sharing.layout`), on this machine or elsewhere.

    Methods raise `FileNotFoundError` for what is not there, and `OSError` or an error of their
    library when a request fails; callers repeat them (`matdata.sharing.retrying`). A file appears
    under its name whole, or not at all.
    """

    @property
    def shown(self) -> str:
        """Its address without credentials."""

    def at(self, address: Address) -> SharedFolder:
        """Another folder of the same store, through the same connection."""

    def opened(self, name: str, offset: int = 0) -> contextlib.AbstractContextManager[IO[bytes]]:
        """Read a file from a byte on."""

    def read_range(self, name: str, start: int, stop: int) -> bytes:
        """Bytes of a file from `start` to `stop`."""

    def sizes(self, folder: str) -> dict[str, int]:
        """Sizes in bytes of the files in a folder by their names in it; empty if there is none.

        Raises
        ------
        NotImplementedError
            If the store cannot list.
        """

    def folders(self, folder: str) -> list[str]:
        """Names of the folders in a folder; as `sizes`."""

    def put(self, path: Path, name: str) -> None:
        """Store a file of this machine, in place of one of that name."""

    def put_bytes(self, data: bytes, name: str) -> None:
        """Store bytes, in place of a file of that name."""

    def put_new(self, data: bytes, name: str) -> None:
        """Store bytes unless there is a file of that name.

        Raises
        ------
        FileExistsError
            If there is one.
        """

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""


class LocalFolder:
    """A shared folder of this machine, or of a file system that is mounted here.

    Parameters
    ----------
    path
        The folder; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def shown(self) -> str:
        """Its path."""
        return str(self.path)

    def at(self, address: Address) -> LocalFolder:
        """Another folder."""
        return LocalFolder(Path(address.path))

    @contextlib.contextmanager
    def opened(self, name: str, offset: int = 0) -> Iterator[IO[bytes]]:
        """Read a file from a byte on; only a regular file, so that no pipe can block."""
        path = self.path / name
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path}")
        with open(path, "rb") as file:
            file.seek(offset)
            yield file

    def read_range(self, name: str, start: int, stop: int) -> bytes:
        """Bytes of a file."""
        with self.opened(name, start) as file:
            return file.read(stop - start)

    def sizes(self, folder: str) -> dict[str, int]:
        """Sizes of the files in a folder."""
        return {
            entry.name: entry.stat().st_size
            for entry in self._entries(folder)
            if entry.is_file() and not is_passing(entry.name)
        }

    def folders(self, folder: str) -> list[str]:
        """Names of the folders in a folder."""
        return sorted(entry.name for entry in self._entries(folder) if entry.is_dir())

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.path / folder) as scan:
                return list(scan)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def put(self, path: Path, name: str) -> None:
        """Store a file."""
        with files.replacing(self.path / name) as temporary:
            shutil.copyfile(path, temporary)

    def put_bytes(self, data: bytes, name: str) -> None:
        """Store bytes."""
        with files.replacing(self.path / name) as temporary:
            temporary.write_bytes(data)

    def put_new(self, data: bytes, name: str) -> None:
        """Store bytes unless there is a file of that name: a link can be made once."""
        final = self.path / name
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError:  # which would say that `name` is there
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
        temporary = files.temporary_beside(final)
        try:
            temporary.write_bytes(data)
            files.fsync_path(temporary)
            os.link(temporary, final)
            files.fsync_path(final.parent)
        finally:
            files.remove(temporary)

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.path / name).unlink(missing_ok=True)


def digest_of(folder: SharedFolder, name: str) -> str:
    """SHA-256 (hex) of a file of a shared folder, read in bounded memory."""
    return digest_and_size(folder, name)[0]


def digest_and_size(folder: SharedFolder, name: str) -> tuple[str, int]:
    """SHA-256 (hex) and bytes of a file of a shared folder, read in bounded memory."""
    hasher, size = hashlib.sha256(), 0
    with folder.opened(name) as file:
        while piece := file.read(PIECE):
            hasher.update(piece)
            size += len(piece)
    return hasher.hexdigest(), size
