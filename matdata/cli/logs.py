"""``--log-file`` and ``-v``: around every command, whatever it prints."""

from __future__ import annotations

import argparse
import functools
import logging
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from matdata import __version__
from matdata.core.exit_codes import ExitCode
from matdata.core.log_file import LogFile, stamp
from matdata.core.streams import logging_to

Main = Callable[..., int]


def add_arguments(group: argparse._ArgumentGroup | argparse.ArgumentParser) -> None:
    """Add the two arguments."""
    group.add_argument(
        "--log-file", metavar="FILE", help="append all that is printed, with times and levels"
    )
    group.add_argument(
        "-v", "--verbose", action="store_true", help="messages with times, and those of libraries"
    )


def recorded(main: Main) -> Main:
    """Have a command write its log, from its first line to its exit code."""

    @functools.wraps(main)
    def with_log(arguments: Sequence[str] | None = None) -> int:
        words = sys.argv[1:] if arguments is None else list(arguments)
        given, _ = _parser().parse_known_args(words)
        with _libraries(given.verbose):
            if not given.log_file:
                return main(arguments)
            return _logged(main, words, given.log_file)

    return with_log


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    return parser


def _logged(main: Main, words: Sequence[str], path: str) -> int:
    from matdata.core.errors import MatdataError
    from matdata.core.given import path_of

    try:
        log = LogFile(path_of(path, "--log-file"))
    except MatdataError as error:
        print(f"error: {error}", file=sys.stderr)
        return ExitCode.FAILED
    except OSError as error:
        print(f"error: cannot write to {path}: {error.strerror or error}", file=sys.stderr)
        return ExitCode.FAILED
    started, code = time.monotonic(), -1
    with logging_to(log):
        log.line(_screened_text(f"matdata {__version__}: matdata {shlex.join(words)}"))
        try:
            code = main(words)
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
            raise
        finally:
            ended = "ended by an error" if code < 0 else f"exit code {code}"
            level = "info" if code == ExitCode.DONE else "error"
            log.line(f"{ended} after {time.monotonic() - started:.1f} s", level)
    return code


def _screened_text(text: str) -> str:
    from matdata.core.console import one_line
    from matdata.core.redaction import keep_credentials

    for word in text.split():
        if "://" in word:  # else name@version would look like credentials
            keep_credentials(word)
    return one_line(text)


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        level = "error" if record.levelno >= logging.ERROR else record.levelname.lower()
        return f"{stamp(level)} {record.name}: {super().format(record)}"


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr)


@contextmanager
def _libraries(verbose: bool) -> Iterator[None]:
    """Print what libraries log, where the user wants to see it."""
    if not verbose:
        yield
        return
    root, handler = logging.getLogger(), _Handler(logging.INFO)
    handler.setFormatter(_Formatter())
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
