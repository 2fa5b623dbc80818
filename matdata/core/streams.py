"""The command line's streams: nothing that goes out shows a secret or steers the terminal.

Warnings, logs, tracebacks and what plugins and libraries print pass here, too.
"""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import IO, Any, cast

from matdata.core.printable import printable_lines
from matdata.core.redaction import keep_environment, redact


class Screened:
    """A text stream in front of another: hides secrets, escapes what a terminal would obey.

    Parameters
    ----------
    stream
        Where the text goes on to.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text; the number of characters that were given."""
        self._stream.write(printable_lines(redact(text)))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def screen_process() -> None:
    """Put the streams of this process behind `Screened`, and the tracebacks that end it."""
    keep_environment()
    sys.excepthook = _print_traceback
    sys.stdout, sys.stderr = _screened(sys.stdout), _screened(sys.stderr)


@contextlib.contextmanager
def screened() -> Iterator[None]:
    """As `screen_process` while the block lasts; tracebacks stay screened."""
    before = sys.stdout, sys.stderr
    screen_process()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _screened(stream: IO[str]) -> IO[str]:
    return cast("IO[str]", Screened(stream))


def _print_traceback(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    text = "".join(traceback.format_exception(kind, error, trace))
    Screened(sys.stderr).write(text)
