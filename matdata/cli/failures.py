"""How a command ends that fails: a message, JSON where it was asked for, and the exit code."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Mapping

from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import IncompleteError, MatdataError
from matdata.core.exit_codes import ExitCode
from matdata.core.printable import printable
from matdata.core.stopping import exit_code
from matdata.core.streams import OutputError

STOPPED = "stopped; what was finished is kept, and the same command goes on from there"


def failed(error: MatdataError, given: argparse.Namespace) -> int:
    """Print an error of matdata; returns the exit code."""
    _print_line(f"error: {error}")
    if getattr(given, "config", None):
        _print_line(f"  options: of {printable(given.config)} and of the command line")
    print_failure(error, given)
    return error.exit_code


def print_failure(error: MatdataError, given: argparse.Namespace) -> None:
    """Print an error of matdata as JSON, where that was asked for."""
    if given.json:
        result = error.result if isinstance(error, IncompleteError) else {}
        _print_error(_described(error), error.exit_code, result)


def unwritten(error: OutputError) -> int:
    """Say that the output could not be written, if anybody reads; returns the exit code."""
    with contextlib.suppress(OSError):
        if not error.unread:
            _print_line(f"error: the output cannot be written: {error.strerror}")
    with contextlib.suppress(OSError):  # else Python tries again as it ends, and complains
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.UNREAD if error.unread else ExitCode.FAILED


def stopped(stop: KeyboardInterrupt, as_json: bool) -> int:
    """Print that the command was stopped; returns the exit code."""
    _print_line(f"\n{STOPPED}")
    code = exit_code(stop)
    if as_json:
        what, _, rest = STOPPED.partition("; ")
        _print_error({"kind": type(stop).__name__, "what": what, "next_step": rest}, code)
    return code


def crashed(error: Exception) -> None:
    """Print an error that matdata does not know as JSON; Python prints its traceback."""
    what = f"{type(error).__name__}: {error}"
    _print_error({"kind": type(error).__name__, "what": what}, MatdataError.exit_code)


def misused(message: str) -> None:
    """Print as JSON what argparse does not understand; it prints the message as well."""
    what, _, step = message.partition("\n  next step: ")
    _print_error({"kind": "UsageError", "what": what, "next_step": step or None}, ExitCode.USAGE)


def _print_line(text: str) -> None:
    print(text, file=sys.stderr)


def _described(error: MatdataError) -> JsonObject:
    return {
        "kind": type(error).__name__,
        "what": error.what,
        "details": list(error.details),
        "cause": error.cause,
        "next_step": error.next_step,
    }


def _print_error(error: JsonMapping, code: int, result: Mapping[str, object] | None = None) -> None:
    from matdata.cli.common import print_json

    keys = ("kind", "what", "details", "cause", "next_step")
    whole = {key: error.get(key, [] if key == "details" else None) for key in keys}
    print_json({**(result or {}), "error": whole, "exit_code": code})
