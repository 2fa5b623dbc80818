"""What ``--log-file`` and ``-v`` do: around every command, whatever it prints."""

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
from matdata.cli.early import early_options
from matdata.core.exit_codes import ExitCode
from matdata.core.log_file import LogFile, stamp
from matdata.core.streams import logging_to

Main = Callable[..., int]


def recorded(main: Main) -> Main:
    """Have a command write its log, from its first line to its exit code."""

    @functools.wraps(main)
    def with_log(arguments: Sequence[str] | None = None) -> int:
        words = sys.argv[1:] if arguments is None else list(arguments)
        given = early_options(words)
        with _libraries(given.verbose):
            if not given.log_file:
                return main(arguments)
            return _logged(main, words, given)

    return with_log


def _logged(main: Main, words: Sequence[str], given: argparse.Namespace) -> int:
    from matdata.core.errors import MatdataError

    title = _screened_text(f"matdata {__version__}: matdata {shlex.join(words)}")
    try:
        log = _begun(given.log_file, title)
    except MatdataError as error:
        from matdata.cli.failures import failed

        return failed(error, given)
    started, code = time.monotonic(), -1
    try:
        with logging_to(log):
            code = main(words)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
        raise
    finally:
        ended = "ended by an error" if code < 0 else f"exit code {code}"
        level = "info" if code == ExitCode.DONE else "error"
        log.line(f"{ended} after {time.monotonic() - started:.1f} s", level)
        log.close()
        if log.failure is not None:
            print(f"warning: {given.log_file} is not whole: {log.failure}", file=sys.stderr)
    return code


def _begun(path: str, title: str) -> LogFile:
    """The log with its first line.

    Raises
    ------
    ConfigError
        If it cannot be written.
    """
    from matdata.core.errors import ConfigError
    from matdata.core.given import path_of

    try:
        log = LogFile(path_of(path, "--log-file"))
    except OSError as error:
        failure: OSError | None = error
    else:
        log.line(title)
        failure = log.failure
    if failure is not None:
        raise ConfigError(
            f"the log cannot be written to {path}: {failure.strerror or failure}",
            next_step="--log-file takes a file that you can write, in a folder that exists",
        )
    return log


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
