"""Faults of one file: absent, a broken link, not a file, unreadable, other bytes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from matdata.core.digest import digest_file
from matdata.core.errors import DamageError, StoreError

KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


MISSING = "is missing"
REFUSED = "cannot be read"
DAMAGED_BY = "a disk error, an interrupted copy, or an edit by hand"
MEND = "the same command with --repair makes it again; `matdata verify` lists all damage"
#: Why a file of a shared cache cannot be read, and the remedy.
UNREADABLE = "another user made it readable for nobody else, or a link or a mount is broken"
ASK_OWNER = "ask its owner to make it readable (chmod -R g+rX FOLDER), or work in another --cache"


def refusal(error: OSError) -> str:
    """Why the operating system refused to read a file."""
    return f"{REFUSED}: {error.strerror or error}"


def is_refusal(fault: str) -> bool:
    """Whether a fault is that the operating system refused to read, which is no damage."""
    return fault.startswith(REFUSED)


def damage_error(
    path: Path, fault: str, *, artefact: Path | None = None, next_step: str | None = None
) -> StoreError:
    """The error of a reader that met a fault of a file: damage, unless it may not be read.

    Parameters
    ----------
    path, fault
        The file, and what `fault_of` says of it.
    artefact
        What it is part of: its folder, or the note of a split.
    next_step
        What mends it, if not the same command with ``--repair``.
    """
    if artefact is not None and fault == MISSING and not artefact.exists():
        return gone_error(artefact)
    if is_refusal(fault):
        return StoreError(f"{path} {fault}", cause=UNREADABLE, next_step=next_step or ASK_OWNER)
    error = DamageError(f"{path} {fault}", cause=DAMAGED_BY, next_step=next_step or MEND)
    return error if artefact is None else error.at(artefact)


def require_whole_file(path: Path, size: int, digest: str, artefact: Path) -> None:
    """Compare a file of an artefact with its size and SHA-256.

    Raises
    ------
    DamageError
        If the file is missing or its bytes were changed, naming it.
    StoreError
        If it may not be read, or the whole artefact is gone.
    """
    fault = fault_of(path, size, digest)
    if fault is not None:
        raise damage_error(path, fault, artefact=artefact)


def gone_error(artefact: Path) -> StoreError:
    """The error of a reader whose artefact was removed as a whole, which is no damage."""
    return StoreError(
        f"{artefact} is gone",
        cause="`matdata rm` or `matdata gc` removed it meanwhile",
        next_step="run the command that builds it again, or open another version",
    )


def fault_of(path: str | Path, size: int | None = None, digest: str | None = None) -> str | None:
    """The fault of a file that is expected to exist, as a predicate (``is missing``); or None.

    Only a regular file (or a link to one) is opened, so that no pipe can block a reader.

    Parameters
    ----------
    path
        The file.
    size, digest
        Its size in bytes and its SHA-256, compared if given.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            kind = next((name for test, name in KINDS if test(status.st_mode)), "something else")
            return f"is {kind}, not a file"
        if size is not None and status.st_size != size:
            return f"is damaged: {status.st_size} bytes, expected {size}"
        if digest is None:
            with open(path, "rb"):
                return None
        if digest_file(path) != digest:
            return f"is damaged: its bytes do not have the SHA-256 {digest[:12]}… any more"
    except FileNotFoundError:
        return "is a link to nothing" if os.path.islink(path) else MISSING
    except NotADirectoryError:
        return MISSING
    except OSError as error:
        return refusal(error)
    return None
