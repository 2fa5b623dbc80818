"""Options that hold from the first word of a command: read before the command line is parsed.

They hold for a command line that cannot be parsed as well: its error is logged, and is JSON.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from matdata.cli.parser import Parser


def add_arguments(group: argparse._ArgumentGroup | argparse.ArgumentParser) -> None:
    """Add the arguments to those of a command; `Parser` takes them in full only."""
    group.add_argument("--json", action="store_true", help="print the result as JSON")
    group.add_argument(
        "--log-file", metavar="FILE", help="append all that is printed, with times and levels"
    )
    group.add_argument(
        "-v", "--verbose", action="store_true", help="messages with times, and those of libraries"
    )


def early_options(words: Sequence[str]) -> argparse.Namespace:
    """``json``, ``log_file`` and ``verbose`` of a command line, which need not be valid."""
    parser = _Lenient(add_help=False, allow_abbrev=False)
    add_arguments(parser)
    given = argparse.Namespace(json="--json" in words, log_file=None, verbose=False)
    try:
        return parser.parse_known_args(words, given)[0]
    except _NotValidError:  # the parser of the command says so
        return given


class _NotValidError(Exception):
    pass


class _Lenient(Parser):
    """Leaves what it does not know, and errors, to the parser of the command."""

    def error(self, message: str) -> NoReturn:
        raise _NotValidError(message)

    def _refuse(self, unknown: Sequence[str]) -> None:
        pass
