"""Atomic writes: no half-written file ever looks complete."""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import os
import re
import secrets
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matdata.core.cache import require_own, storage_error
from matdata.core.digest import digest_bytes, digest_file, plain_json

_UNFIT = re.compile(r"[^A-Za-z0-9._+-]+")
TEMPORARY = ".tmp-"
REMOVING = ".removing-"  # what was removed, until its files are deleted
NAME_KEPT = 40  # characters of the final name in a temporary one: a folder takes 255 bytes


def fsync_path(path: Path) -> None:
    """Flush a file or a folder's entries to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fsync_tree(path: Path) -> None:
    """Flush a file, or a folder with everything in it."""
    if path.is_dir():
        for entry in path.iterdir():
            fsync_tree(entry)
    fsync_path(path)


def publish(temporary: Path, final: Path) -> None:
    """Flush `temporary` and rename it to its final name in one step.

    A folder replaces a folder, and a file a file; a file never replaces a folder.
    """
    fsync_tree(temporary)
    rename(temporary, final)


def rename(temporary: Path, final: Path) -> None:
    """Rename what is flushed already to its final name in one step, as `publish` does."""
    if final.is_dir() and temporary.is_dir():
        shutil.rmtree(final)
    final.parent.mkdir(parents=True, exist_ok=True)
    os.replace(temporary, final)
    fsync_path(final.parent)


def temporary_beside(path: Path) -> Path:
    """A unique name in the folder of `path`, with the same ending."""
    unique = f"{os.getpid()}-{secrets.token_hex(4)}"
    return path.with_name(f"{TEMPORARY}{_host()}-{unique}-{path.name[-NAME_KEPT:]}")


def sweep(folder: Path, ending: str = "") -> None:
    """Remove the temporary files in a folder left by processes of this machine that have ended.

    Parameters
    ----------
    folder
        Where to look.
    ending
        Ending of the names of the files.
    """
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name.endswith(ending[-NAME_KEPT:]) and was_left(path):
            remove(path)


def was_left(path: Path) -> bool:
    """Whether a temporary file was left by a process of this machine that has ended."""
    prefix = f"{TEMPORARY}{_host()}-"
    if not path.name.startswith(prefix):
        return False
    writer = path.name[len(prefix) :].partition("-")[0]
    return writer.isdecimal() and not _is_alive(int(writer))


@functools.cache
def _host() -> str:
    """This machine in a few characters: process ids mean nothing on another one.

    Nor in another container of the same machine, which may have its name.
    """
    with contextlib.suppress(OSError):  # not Linux
        namespace = Path("/proc/self/ns/pid").readlink()
        return digest_bytes(f"{socket.gethostname()} {namespace}".encode())[:6]
    return digest_bytes(socket.gethostname().encode())[:6]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path, and replace `path` by what was written there at the end.

    If several processes write one file the last wins, and no reader sees a mixture. If the
    block fails, nothing is left behind.
    """
    require_own(path)
    temporary = temporary_beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        publish(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            remove(temporary)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Write a file that a user named, as `replacing` does; what earlier ones left is removed.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    try:
        sweep(path.parent, path.name)
        with replacing(path) as temporary:
            yield temporary
    except OSError as error:
        raise storage_error(error, path, named=True) from error


def reserve(path: Path, size: int) -> None:
    """Check that so many bytes can be written at `path`, which is removed again.

    Raises
    ------
    OSError
        If the disk has no such space.
    """
    if not hasattr(os, "posix_fallocate"):  # not on macOS
        return
    try:
        with open(path, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(size, 1))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise  # other file systems cannot reserve
    finally:
        path.unlink(missing_ok=True)


def safe_name(text: str) -> str:
    """Text with all that a name of a file should not have replaced by dashes."""
    return _UNFIT.sub("-", text)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def json_text(value: object) -> str:
    """JSON for people and machines: sorted and indented; what `write_json` writes."""
    text = json.dumps(
        plain_json(value), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False
    )
    return text + "\n"


def write_json(path: Path, value: object) -> None:
    """Write `json_text` atomically."""
    write_text(path, json_text(value))


def remove(path: Path) -> None:
    """Remove a file or a folder if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.exists() or path.is_symlink():
        path.unlink()


def file_records(root: Path, part: Path) -> dict[str, list[Any]]:
    """``{path relative to root: [bytes, sha256]}`` for a file, or for all files of a folder."""
    paths = sorted(p for p in part.rglob("*") if p.is_file()) if part.is_dir() else [part]
    return {p.relative_to(root).as_posix(): [p.stat().st_size, digest_file(p)] for p in paths}


def link(source: Path, target: Path) -> None:
    """A second name for a file, or for each file of a folder; a copy where links are refused."""

    def link_file(one: str, other: str) -> None:
        try:
            os.link(one, other)
        except OSError:
            shutil.copy2(one, other)

    if source.is_dir():
        shutil.copytree(source, target, copy_function=link_file)
    else:
        link_file(str(source), str(target))
