"""Validation of paths and names from the user: not empty, and possible as a file name.

An unset shell variable arrives as an empty text, which as a path means the current folder.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterable
from pathlib import Path

from matdata.core.errors import ConfigError

#: Arguments of the command line that are paths of this machine.
PATHS = (
    "cache",
    "config",
    "from",
    "log_file",
    "optics",
    "output",
    "pictures",
    "spectra",
    "write_config",
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+://")

#: Characters of a name, at most: more than any file name, id or feature has.
LONGEST = 1000


def words(text: str | Iterable[str] | None) -> tuple[str, ...]:
    """The words of a list, or of a text that separates them by commas; none if not given."""
    parts = text.split(",") if isinstance(text, str) else text or ()
    return tuple(word.strip() for word in parts if word.strip())


def require_name(name: object, what: str) -> str:
    """The text that names something, which must not be empty.

    Parameters
    ----------
    name
        What a user gives.
    what
        What it names, for messages (``the dataset``).

    Raises
    ------
    ConfigError
        If it is no text, empty or blank, or longer than any name is.
    """
    if not isinstance(name, str):
        given = "nothing" if name is None else f"a value of type {type(name).__name__}"
        raise ConfigError(f"{what} is named by a text, got {given}", next_step="give its name")
    if len(name) > LONGEST:
        raise ConfigError(
            f"{what} has a name of {len(name):,} characters: {name[:60]!r}…",
            cause="the content of a file, or several names in place of one",
            next_step="give its name",
        )
    return require_given(name, what)


def is_file(path: Path) -> bool:
    """Whether there is a file; there is none of a name that no file can have."""
    return os.path.isfile(path)  # which, unlike that of a `Path`, takes any name


def require_given(text: str | Path, what: str) -> str:
    """The text, which must not be empty.

    Parameters
    ----------
    text
        A path or a name.
    what
        Name of the argument, for messages.

    Raises
    ------
    ConfigError
        If it is empty or blank, or neither a text nor a path.
    """
    if not isinstance(text, (str, os.PathLike)):
        raise ConfigError(
            f"{what} is a text or a path, got a value of type {type(text).__name__}",
            next_step="give its path or name",
        )
    checked = str(text)
    if not checked.strip():
        raise ConfigError(
            f"{what} is empty",
            cause="a variable of the shell or script that is not set",
            next_step="state which one is meant (as a path, `.` is the current folder)",
        )
    return checked


def require_arguments(arguments: argparse.Namespace) -> None:
    """Check that no argument of a command is empty, and that its paths are of this machine.

    Raises
    ------
    ConfigError
        If one of them is empty, or a path is the address of a store elsewhere.
    """
    for name, value in vars(arguments).items():
        option = "--from" if name == "from" else name.replace("_", "-")
        for argument in value if isinstance(value, list) else [value]:
            if isinstance(argument, str):
                require_given(argument, f"the argument {option!r}")
                if name in PATHS:
                    require_local(argument, f"the argument {option!r}")


def require_local(text: str, what: str) -> str:
    """The text, which must not be the address of a store elsewhere (``s3://…``).

    Raises
    ------
    ConfigError
        If it is; as a path it would make a folder called ``s3:``.
    """
    if _SCHEME.match(text):
        scheme = text.partition("://")[0]
        raise ConfigError(
            f"{what} is {text!r}, but matdata reads and writes files of this machine, not {scheme}://",
            next_step="name a local folder or file, and copy it with the tool of that service "
            "(`aws s3 sync`, `gsutil rsync`, `rclone`), or mount it",
        )
    return text


def ending_of(path: str | Path, endings: Iterable[str], what: str, otherwise: str = "") -> str:
    """The ending of a file's name that says in which format it is written, in small letters.

    Parameters
    ----------
    path
        The file.
    endings
        Those there are a format for.
    what, otherwise
        What is written, and what else a user can do, for the message.

    Raises
    ------
    ConfigError
        If it has none of them.
    """
    ending = Path(require_given(path, "the output")).suffix.lower()
    if ending not in endings:
        has = f"the ending {ending!r}" if ending else "no ending"
        raise ConfigError(
            f"{what} cannot be written to {str(path)[:100]!r}: its name has {has}",
            next_step=f"end the name in one of {', '.join(endings)}{otherwise}",
        )
    return ending


def folder_of(text: str | Path, what: str) -> Path:
    """A valid path of a folder, which need not exist.

    Raises
    ------
    ConfigError
        If it is no valid path, or it or what it lies in is a file.
    """
    path = path_of(text, what)
    for one in (path, *path.parents):
        if one.exists() and not one.is_dir():
            raise ConfigError(
                f"{what} {str(path)!r} cannot be a folder: {one} is a file",
                next_step="name a folder; one that does not exist is made",
            )
    return path


def path_of(text: str | Path, what: str) -> Path:
    """A valid path, whether or not a file exists there.

    Raises
    ------
    ConfigError
        If it is empty, too long, the address of a store elsewhere, or contains characters that no
        path can.
    """
    checked = require_local(require_given(text, what), what)
    try:
        path = Path(checked).expanduser()
        path.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        short = checked if len(checked) <= 80 else f"{checked[:60]}… ({len(checked):,} characters)"
        raise ConfigError(
            f"{what} {short!r} is not a valid path: {reason}",
            next_step="give the path of a file or folder",
        ) from error
    return path
