"""A log file: each line that a command prints, with its time (ISO 8601, UTC) and level."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

#: A line that has time and level already, as `Console` writes them under ``-v``.
STAMPED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?:debug|info|warning|error) ")
_LEVEL = re.compile(r"(warning|error): ")
_BAR = re.compile(r"\d%\||it/s|s/it|\u2588")


def stamp(level: str) -> str:
    """Time and level, as they begin a line."""
    now = datetime.datetime.now(datetime.UTC)
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z {level}"


class LogFile:
    """A file to which lines are appended, each as soon as it is whole.

    A disk that fills up does not end a command: the first failure to write is kept, and nothing
    is written from there on.

    Parameters
    ----------
    path
        The file; it is created if needed.

    Raises
    ------
    OSError
        If it cannot be opened.

    Attributes
    ----------
    failure
        Why a line could not be written; None if all were.
    """

    def __init__(self, path: Path) -> None:
        # Without a buffer: a line is one write, also where two commands share a log.
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115
        self.failure: OSError | None = None

    def line(self, text: str, level: str = "info") -> None:
        """Append one line."""
        named = _LEVEL.match(text)
        level = named[1] if named else level
        shown = text if STAMPED.match(text) else f"{stamp(level)} {text}"
        if self.failure is None:
            try:
                self._file.write(f"{shown}\n".encode(errors="backslashreplace"))
            except OSError as error:
                self.failure = error

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Lines:
    """Collects what is written to a stream into lines of a log; progress bars leave none.

    Parameters
    ----------
    log
        Receives the lines.
    """

    def __init__(self, log: LogFile) -> None:
        self._log, self._rest = log, ""

    def add(self, text: str) -> None:
        """Add a text, which need not be whole lines."""
        *whole, self._rest = (self._rest + text).split("\n")
        for line in whole:
            self._add_line(line)
        self._rest = self._rest[self._rest.rfind("\r") :] if "\r" in self._rest else self._rest

    def end(self) -> None:
        """Add what is left."""
        if self._rest:
            self._add_line(self._rest)
        self._rest = ""

    def _add_line(self, line: str) -> None:
        _, returned, last = line.rpartition("\r")
        if last.strip() and not (returned and _BAR.search(last)):
            self._log.line(last.rstrip())
