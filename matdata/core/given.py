"""What a user gives as a path or a name: refused when it is empty, or none that a file can have.

An unset variable of a shell comes as an empty text, which as a path means the current folder.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from matdata.core.errors import ConfigError

#: Arguments of the command line that name a file, a folder, or something in the cache.
NAMED = (
    "cache", "config", "dataset", "drop_in", "from", "from_run", "global_run", "id", "local_run",
    "names", "optics", "other", "output", "pictures", "plugin", "run", "runs", "snapshot", "source",
    "what", "write_config",
)  # fmt: skip


def require_given(text: str | Path, what: str) -> str:
    """The text, which must not be empty.

    Parameters
    ----------
    text
        A path or a name.
    what
        How it is called where it was given.

    Raises
    ------
    ConfigError
        If it is empty or blank.
    """
    told = str(text)
    if not told.strip():
        raise ConfigError(
            f"{what} is empty",
            cause="a variable of the shell or script that is not set",
            next_step="say which one is meant; `.` is the current folder",
        )
    return told


def require_arguments(given: argparse.Namespace) -> None:
    """Check those arguments of a command that name something.

    Raises
    ------
    ConfigError
        If one of them is empty.
    """
    for name in NAMED:
        value = getattr(given, name, None)
        option = "--from" if name == "from" else name.replace("_", "-")
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                require_given(one, f"the argument {option!r}")


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
    ending = Path(path).suffix.lower()
    if ending not in endings:
        has = f"the ending {ending!r}" if ending else "no ending"
        raise ConfigError(
            f"{what} cannot be written to {str(path)!r}: its name has {has}",
            next_step=f"end the name in one of {', '.join(endings)}{otherwise}",
        )
    return ending


def path_of(text: str | Path, what: str) -> Path:
    """A path that a file could have, whether or not there is one.

    Raises
    ------
    ConfigError
        If it is empty, too long, or holds what no path can hold.
    """
    told = require_given(text, what)
    try:
        path = Path(told).expanduser()
        path.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        short = told if len(told) <= 80 else f"{told[:60]}… ({len(told):,} characters)"
        raise ConfigError(f"{what} {short!r} is no path: {reason}") from error
    return path
