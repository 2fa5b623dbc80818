"""Text of a published split: a plain file, gzip, or the one file of a zip archive; bounded."""

from __future__ import annotations

import contextlib
import gzip
import lzma
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import NoReturn

from matdata.core.errors import SplitError, did_you_mean, first_few

#: Most bytes of unpacked text: ten million ids of twenty letters.
MAX_BYTES = 256 << 20
_DAMAGE = (
    OSError,
    EOFError,
    UnicodeDecodeError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)


def read_text(path: Path) -> tuple[str, str]:
    """The text of a file, and the name that its format follows from.

    The name is that of the file without ``.gz``, or that of the file within a zip archive.

    Raises
    ------
    SplitError
        If there is no such file, it is no regular file, it is damaged or not UTF-8, an archive
        does not hold one file, or the text is longer than `MAX_BYTES`.
    """
    try:
        with _unpacked(path) as (read, name):
            data = read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise unusable(path.name, f"it holds more than {MAX_BYTES >> 20} MiB of text")
        return data.decode("utf-8-sig"), name
    except FileNotFoundError:
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise SplitError(
            f"there is no file {path}{did_you_mean(path.name, siblings)}",
            next_step="give the path of a JSON or CSV file",
        ) from None
    except (*_DAMAGE, RuntimeError) as error:  # zipfile: a password, an unknown compression
        raise unusable(path.name, f"it cannot be read ({error})") from error


@contextlib.contextmanager
def _unpacked(path: Path) -> Iterator[tuple[Callable[[int], bytes], str]]:
    """How the unpacked bytes are read, and the name of what they are."""
    # without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") if _is_regular(handle) else _no_file(path, handle) as file:
        if path.suffix.lower() == ".zip":
            with zipfile.ZipFile(file) as archive:
                member = _only_member(archive, path)
                with archive.open(member) as stream:
                    yield stream.read, PurePosixPath(member.filename).name
        elif path.suffix.lower() == ".gz":
            with gzip.GzipFile(fileobj=file, mode="rb") as stream:
                yield stream.read, path.stem
        else:
            yield file.read, path.name


def _is_regular(handle: int) -> bool:
    return stat.S_ISREG(os.fstat(handle).st_mode)


def _no_file(path: Path, handle: int) -> NoReturn:
    os.close(handle)
    raise unusable(path.name, "it is not a regular file")


def _only_member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    members = [one for one in archive.infolist() if not one.is_dir() and not _is_hidden(one)]
    if len(members) != 1:
        names = first_few([one.filename for one in members])
        raise unusable(path.name, f"it holds {len(members)} files, expected one: {names or '-'}")
    return members[0]


def _is_hidden(member: zipfile.ZipInfo) -> bool:
    """Whether it is what macOS adds to archives, or another hidden file."""
    parts = PurePosixPath(member.filename).parts
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def unusable(where: str, why: str) -> SplitError:
    """The error of a file that is no published split."""
    return SplitError(
        f"{where}: {why}",
        cause='expected JSON such as {"id_train": [...], "id_val": [...], "id_test": [...]}, '
        "or CSV with an id and a split column, or one id per line; plain, .gz or .zip",
        next_step="bring the file into one of these forms",
    )
