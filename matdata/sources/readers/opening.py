"""Opening of input files: compressed or not, regular files only, damage reported with its place."""

from __future__ import annotations

import bz2
import codecs
import contextlib
import gzip
import hashlib
import io
import lzma
import os
import sqlite3
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from matdata.core.errors import SourceError
from matdata.sources.limits import MAX_LINE, MIB, require_plausible

COMPRESSED = (".gz", ".xz", ".bz2")
PIECE = 1 << 16  # bytes read from a decompressor at a time
_UNPACKERS: dict[str, Callable[[Any], Any]] = {
    ".gz": lambda file: gzip.GzipFile(fileobj=file, mode="rb"),
    ".xz": lzma.LZMAFile,
    ".bz2": bz2.BZ2File,
}
#: Exceptions of the libraries for damaged bytes.
_DAMAGE = (
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    sqlite3.Error,
    UnicodeError,  # of a message of SQLite that quotes damaged bytes
)
HIDDEN = ("__macosx",)  # added to archives by macOS; besides names that begin with a dot


def plain_suffix(path: Path) -> str:
    """The suffix of the format, without a compression suffix (``.csv.gz`` -> ``.csv``)."""
    name = path.name.lower()
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    return Path(name).suffix


def plain_stem(path: Path) -> str:
    """File name without its suffixes of format and compression."""
    name = path.name
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    return Path(name).stem


def encodable(name: str) -> str:
    """A file name as encodable text: undecodable bytes are escaped."""
    return name.encode(errors="backslashreplace").decode()


@contextlib.contextmanager
def readable(path: Path, location: str = "") -> Iterator[None]:
    """Convert the exceptions of damaged or unreadable files into one clear error.

    Parameters
    ----------
    path
        The file.
    location
        Position in it, as far as it was read.

    Raises
    ------
    SourceError
        If the block raises an error of reading, unpacking or SQLite.
    """
    try:
        yield
    except EOFError as error:
        raise SourceError(
            f"{path} ends within its compressed data{location} ({error})",
            cause="the file is truncated: an incomplete download or copy",
            next_step="download the file again; nothing was lost, the build continues from there",
        ) from error
    except (*_DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise SourceError(
                f"{path} cannot be read{location}: {error.strerror or error}",
                next_step="check the path, its permissions and its suffix",
            ) from error
        raise SourceError(
            f"{path} is damaged or of another kind{location}: {error}",
            cause="bytes were changed, or it is not the kind of file that its name indicates",
            next_step="compare it with the original, or download it again",
        ) from error


def open_plain(path: Path) -> IO[bytes]:
    """Open a regular file (or a link to one) without unpacking.

    Raises
    ------
    SourceError
        If it is a pipe, a socket, a device or a folder, which have no end or no content.
    """
    # Without O_NONBLOCK, opening a pipe without a writer would block forever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with readable(path):
        handle = os.open(path, flags)
        if stat.S_ISREG(os.fstat(handle).st_mode):
            return os.fdopen(handle, "rb")
        os.close(handle)
    raise SourceError(
        f"{path} is not a regular file",
        cause="a folder, a pipe, a socket or a device has this name",
        next_step="save the data as a regular file",
    )


def open_binary(path: Path) -> IO[bytes]:
    """Open a file, compressed or not, for reading its unpacked bytes; raises as `open_plain`."""
    file = open_plain(path)
    unpacker = _UNPACKERS.get(path.suffix.lower())
    if unpacker is None:
        return watched(file, path)
    size = os.fstat(file.fileno()).st_size
    return watched(unpacker(file), path, size, file)


def open_text(path: Path) -> IO[str]:
    """Open a text file, compressed or not; no line is longer than `MAX_LINE`.

    Raises
    ------
    SourceError
        If it cannot be opened, or is text in UTF-16.
    """
    binary = open_binary(path)
    try:
        require_utf8(cast(io.BufferedReader, binary).peek(2), path)
    except BaseException:
        binary.close()
        raise
    return cast(IO[str], _Text(binary, path))


def require_utf8(start: bytes, name: Path | str) -> None:
    """Reject text that begins with the byte order mark of UTF-16, which would be misread.

    Raises
    ------
    SourceError
        If it does; names the encoding.
    """
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SourceError(
            f"{name} is text in UTF-16, not in UTF-8",
            cause="some Windows programs save text this way",
            next_step="save it as UTF-8 (`iconv -f UTF-16 -t UTF-8 FILE > NEW`)",
        )


def is_hidden(name: str) -> bool:
    """Whether a relative path is a hidden file, or is in a hidden folder."""
    parts = name.replace("\\", "/").split("/")
    dotted = any(part.startswith(".") and part not in (".", "..") for part in parts)
    return dotted or any(part.lower() in HIDDEN for part in parts)


def open_zip(path: Path) -> zipfile.ZipFile:
    """Open a zip archive.

    Raises
    ------
    SourceError
        If it is not a regular file, not a zip archive, or one of a later version of the format.
    """
    file = open_plain(path)
    try:
        with readable(path):
            return zipfile.ZipFile(file)
    except NotImplementedError as error:
        file.close()
        raise SourceError(
            f"{path} cannot be read: {error}",
            cause="bytes were changed, or another program wrote an archive that needs features of "
            "a later version",
            next_step="compare it with the original, or pack the files again",
        ) from error
    except BaseException:
        file.close()
        raise


def open_member(archive: zipfile.ZipFile, path: Path, member: str | zipfile.ZipInfo) -> IO[bytes]:
    """Open a member of a zip archive for reading its bytes.

    Raises
    ------
    SourceError
        If it has a password, or an unsupported compression.
    """
    info = archive.getinfo(member) if isinstance(member, str) else member
    name = info.filename
    try:
        with readable(path, f" at {name!r}"):
            stream = archive.open(info)
    except RuntimeError as error:  # NotImplementedError is one as well
        raise SourceError(f"{path}: member {name!r} cannot be read: {error}") from error
    return watched(stream, path / name, info.compress_size)


def watched(stream: Any, name: Path, packed: int | None = None, inner: Any = None) -> IO[bytes]:
    """A stream that reports damage with file and position, and rejects decompression bombs.

    Parameters
    ----------
    stream
        The binary stream to wrap.
    name
        The file, for messages.
    packed
        Size in bytes before unpacking; None if the stream is not packed.
    inner
        A file that is closed with the stream.
    """
    return cast(IO[bytes], io.BufferedReader(_Watched(stream, name, packed, inner), PIECE))


def digest_input(path: Path) -> str:
    """SHA-256 (hex) of an input file; as `open_plain`, it takes regular files only."""
    with open_plain(path) as file, readable(path):
        return hashlib.file_digest(cast(Any, file), "sha256").hexdigest()


class _Watched(io.RawIOBase):
    def __init__(self, stream: Any, name: Path, packed: int | None, inner: Any) -> None:
        self._stream, self._name, self._packed, self._inner = stream, name, packed, inner
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with readable(self._name, f" after byte {self._position:,} of its content"):
            count = int(self._stream.readinto(buffer))
        self._position += count
        if self._packed is not None:
            require_plausible(self._name, self._position, self._packed, "unpack it first")
        return count

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            if self._inner is not None:
                self._inner.close()
        super().close()


class _Text(io.TextIOWrapper):
    def __init__(self, binary: IO[bytes], name: Path) -> None:
        super().__init__(cast(Any, binary), encoding="utf-8-sig", errors="replace", newline="")
        self._place, self._line = name, 0

    def readline(self, size: int | None = -1) -> str:  # type: ignore[override]
        """Read as `io.TextIOWrapper.readline`.

        Raises
        ------
        SourceError
            If the line is longer than `MAX_LINE`.
        """
        if size is not None and size >= 0:
            return super().readline(size)
        line = super().readline(MAX_LINE)
        self._line += 1
        if len(line) == MAX_LINE and line[-1] not in "\r\n":
            raise SourceError(
                f"{self._place}: line {self._line} is longer than {MAX_LINE // MIB} MiB",
                cause="a file of another kind than its name indicates, or one made to exhaust "
                "memory",
            )
        return line

    def __next__(self) -> str:  # type: ignore[override]
        line = self.readline()
        if not line:
            raise StopIteration
        return line
