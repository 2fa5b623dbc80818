"""The command line's streams: no output shows a secret or controls the terminal.

Warnings, logs, tracebacks and the output of plugins and libraries pass through here, too.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import IO, Any, cast

from matdata.core.log_file import Lines, LogFile
from matdata.core.printable import printable_lines
from matdata.core.redaction import keep_environment, redact


class OutputError(OSError):
    """What a command prints could not be written: its reader has gone, or a disk is full."""

    @property
    def unread(self) -> bool:
        """Whether the reader has gone (``head``, ``less``)."""
        return self.errno == errno.EPIPE


@contextlib.contextmanager
def _output() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(error.errno, error.strerror) from error


class Screened:
    """Wrapper of a text stream that hides secrets and escapes control characters.

    Parameters
    ----------
    stream
        The stream to write to.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        #: Where what is written is logged as well.
        self.lines: Lines | None = None

    def write(self, text: str) -> int:
        """Write a text; return its number of characters."""
        shown = printable_lines(redact(text))
        if self.lines is not None:
            self.lines.add(shown)
        with _output():
            self._stream.write(shown)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered."""
        with _output():
            self._stream.flush()

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def screen_process() -> None:
    """Wrap the streams of this process, and the tracebacks that end it, in `Screened`."""
    keep_environment()
    sys.excepthook = _print_traceback
    sys.stdout, sys.stderr = _screened(sys.stdout), _screened(sys.stderr)


@contextlib.contextmanager
def screened() -> Iterator[None]:
    """As `screen_process` for the duration of the block; tracebacks stay screened."""
    before = sys.stdout, sys.stderr
    screen_process()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


@contextlib.contextmanager
def logging_to(log: LogFile) -> Iterator[None]:
    """Log what this process prints during the block; the streams are screened ones."""
    streams = [one for one in (sys.stdout, sys.stderr) if isinstance(one, Screened)]
    for stream in streams:
        stream.lines = Lines(log)
    try:
        yield
    finally:
        for stream in streams:
            if stream.lines is not None:
                stream.lines.end()
            stream.lines = None


def _screened(stream: IO[str] | None) -> IO[str]:
    # A stream that the shell closed is None; its number must not go to the next file opened.
    return cast("IO[str]", Screened(stream or open(os.devnull, "w")))


def _print_traceback(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    text = "".join(traceback.format_exception(kind, error, trace))
    Screened(sys.stderr).write(text)
