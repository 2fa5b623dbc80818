"""Shared folders behind fsspec: object stores, web servers and SFTP.

The write that nobody else may have made before (`put_new`) is atomic where the store offers it: S3
and Google Cloud Storage by a condition of the request, SFTP by a rename that replaces nothing. The
Hub of Hugging Face has no such request: there the name is looked up first.
"""

from __future__ import annotations

import contextlib
import errno
import posixpath
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from matdata.sharing.address import GOOGLE, S3, SFTP, WEB, Address
from matdata.store.files import TEMPORARY

#: Bytes of one part of an upload, which is what a connection holds in memory.
PART = 8 << 20


class ObjectFolder:
    """A shared folder in an object store or on a web server.

    Parameters
    ----------
    address
        Where it lies.
    filesystem
        What fsspec opens it with.
    """

    def __init__(self, address: Address, filesystem: Any) -> None:
        self._address = address
        self._root = _root_of(address)
        self.filesystem = filesystem

    @property
    def shown(self) -> str:
        """Its address without credentials."""
        return str(self._address)

    def at(self, address: Address) -> ObjectFolder:
        """Another folder of the same store, through the same connection."""
        return type(self)(address, self.filesystem)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextlib.contextmanager
    def opened(self, name: str, offset: int = 0) -> Iterator[IO[bytes]]:
        """Read a file from a byte on; a server that sends whole files only is read up to there."""
        with _as_meant():
            file = self.filesystem.open(self._path(name), "rb", block_size=PART)
        with file:
            if offset and not _seeks(file, offset):
                _skip(file, offset)
            yield cast(IO[bytes], file)

    def read_range(self, name: str, start: int, stop: int) -> bytes:
        """Bytes of a file: one request where the store is known to answer to ranges."""
        if not self._is_web:
            return bytes(self.filesystem.cat_file(self._path(name), start=start, end=stop))
        with self.opened(name, start) as file:
            return file.read(stop - start)

    def sizes(self, folder: str) -> dict[str, int]:
        """Sizes of the files in a folder; of a web server 0 where its listing states none."""
        return {
            _name(one): int(one.get("size") or 0)
            for one in self._listed(folder)
            if one["type"] == "file" and not _name(one).startswith(TEMPORARY)
        }

    def folders(self, folder: str) -> list[str]:
        """Names of the folders in a folder."""
        return sorted(_name(one) for one in self._listed(folder) if one["type"] == "directory")

    def _listed(self, folder: str) -> list[dict[str, Any]]:
        path = self._path(folder).rstrip("/")
        try:
            entries = self.filesystem.ls(f"{path}/" if self._is_web else path, detail=True)
        except FileNotFoundError:
            if self._is_web:  # a server that lists nothing answers so, too
                raise NotImplementedError from None
            return []
        inside = f"{path}/"
        return [one for one in entries if _is_inside(str(one["name"]), inside)]

    @property
    def _is_web(self) -> bool:
        return self._address.scheme in WEB

    def put(self, path: Path, name: str) -> None:
        """Store a file; object stores show it when it is whole."""
        self.filesystem.put_file(str(path), self._path(name), **self._parts())

    def _parts(self) -> dict[str, int]:
        if self._address.scheme in S3:
            return {"chunksize": PART, "max_concurrency": 1}
        return {"chunksize": PART} if self._address.scheme in GOOGLE else {}

    def put_bytes(self, data: bytes, name: str) -> None:
        """Store bytes."""
        self.filesystem.pipe_file(self._path(name), data)

    def put_new(self, data: bytes, name: str) -> None:
        """Store bytes unless there is a file of that name."""
        path = self._path(name)
        self.filesystem.invalidate_cache()
        try:
            self.filesystem.pipe_file(path, data, mode="create")
        except OSError as error:
            if error.errno != errno.ENOSYS:  # what an older server of S3's protocol answers
                raise
            if self.filesystem.exists(path):
                raise FileExistsError(path) from None
            self.put_bytes(data, name)

    def remove(self, name: str) -> None:
        """Remove a file."""
        with contextlib.suppress(FileNotFoundError):
            self.filesystem.rm_file(self._path(name))


class SftpFolder(ObjectFolder):
    """A shared folder on a server with SFTP: files are written aside and renamed.

    One request at a time: a client of paramiko hands answers to whichever thread reads first.
    `filesystem` has a ``lock``.
    """

    @contextlib.contextmanager
    def opened(self, name: str, offset: int = 0) -> Iterator[IO[bytes]]:
        """Read a file from a byte on."""
        with self.filesystem.lock, super().opened(name, offset) as file:
            yield file

    def read_range(self, name: str, start: int, stop: int) -> bytes:
        """Bytes of a file."""
        with self.opened(name, start) as file:
            return file.read(stop - start)

    def _listed(self, folder: str) -> list[dict[str, Any]]:
        with self.filesystem.lock:
            return super()._listed(folder)

    def put(self, path: Path, name: str) -> None:
        """Store a file."""
        with self._aside(name) as temporary:
            self.filesystem.put_file(str(path), temporary)
            self.filesystem.ftp.posix_rename(temporary, self._path(name))

    def put_bytes(self, data: bytes, name: str) -> None:
        """Store bytes."""
        with self._aside(name) as temporary:
            self.filesystem.pipe_file(temporary, data)
            self.filesystem.ftp.posix_rename(temporary, self._path(name))

    def put_new(self, data: bytes, name: str) -> None:
        """Store bytes unless there is a file of that name: the plain rename replaces none."""
        final = self._path(name)
        with self._aside(name) as temporary:
            self.filesystem.pipe_file(temporary, data)
            try:
                self.filesystem.ftp.rename(temporary, final)
            except OSError:
                if self.filesystem.exists(final):
                    raise FileExistsError(final) from None
                raise

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self.filesystem.lock:
            super().remove(name)

    @contextlib.contextmanager
    def _aside(self, name: str) -> Iterator[str]:
        parent, _, last = self._path(name).rpartition("/")
        temporary = f"{parent}/{TEMPORARY}{secrets.token_hex(8)}-{last[-40:]}"
        with self.filesystem.lock:
            with contextlib.suppress(OSError):  # another pusher may have just made it
                self.filesystem.makedirs(parent, exist_ok=True)
            try:
                yield temporary
            finally:
                with contextlib.suppress(OSError):  # it was renamed
                    self.filesystem.ftp.remove(temporary)


@contextlib.contextmanager
def _as_meant() -> Iterator[None]:
    """Let "not there" mean that a server answered so; fsspec takes any failure on the web so."""
    try:
        yield
    except FileNotFoundError as error:
        cause = error.__cause__
        status = getattr(cause, "status", None)
        if status in (401, 403):
            raise PermissionError(f"the server answers {status}") from None
        if cause is None or status in (404, 410):
            raise
        raise ConnectionError(f"{type(cause).__name__}: {cause}") from None


def _root_of(address: Address) -> str:
    if address.scheme in WEB:
        return str(address)
    if address.scheme in SFTP:
        return f"/{address.path.partition('/')[2]}".rstrip("/")
    return f"/{address.path}" if address.scheme == "memory" else address.path


def _name(entry: dict[str, Any]) -> str:
    return posixpath.basename(str(entry["name"]).rstrip("/"))


def _is_inside(name: str, inside: str) -> bool:
    rest = name.removeprefix(inside).rstrip("/")
    return name.startswith(inside) and bool(rest) and "/" not in rest and "?" not in rest


def _seeks(file: Any, offset: int) -> bool:
    try:
        file.seek(offset)
        return bool(file.tell() == offset)
    except (ValueError, OSError, NotImplementedError):
        return False


def _skip(file: Any, count: int) -> None:
    left = count
    while left:
        piece = file.read(min(left, PART))
        if not piece:
            raise EOFError(f"the file ends {left:,} bytes before the place to read from")
        left -= len(piece)
