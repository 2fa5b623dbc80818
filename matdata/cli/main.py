"""The command line: parsing and printing only; the work is done by `matdata.cli.commands`."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator, Sequence

from matdata.cli.arguments import make_parser
from matdata.cli.options import TABLES, missing_arguments, options_of_command
from matdata.core.ledger import DEBUG
from matdata.core.printable import printable
from matdata.core.streams import screened

INTERRUPTED = 130  # the shell's code for Ctrl-C


@contextlib.contextmanager
def _debugging(debug: bool) -> Iterator[None]:
    """Let unexpected errors of records surface, in worker processes as well."""
    before = os.environ.get(DEBUG)
    try:
        if debug:
            os.environ[DEBUG] = "1"
        yield
    finally:
        if debug:
            os.environ.pop(DEBUG)
            os.environ.update({} if before is None else {DEBUG: before})


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    command = next((one for one in arguments if not one.startswith("-")), "")
    with_file = any(_names_file(one) for one in arguments)
    parser = make_parser(command, with_file=with_file)
    given = parser.parse_args(arguments)
    if given.command is None:  # nothing was asked for
        parser.print_help()
        parser.exit()
    if given.command in TABLES and given.config is None:
        missing = missing_arguments(given, options_of_command(given.command))
        if missing:
            command_parser = parser.of_command(given.command)
            command_parser.error(f"the following arguments are required: {', '.join(missing)}")
    return given


def _names_file(argument: str) -> bool:
    """Whether it is ``--config``, which argparse lets be cut short."""
    name = argument.partition("=")[0]
    return len(name) > len("--c") and "--config".startswith(name)


@screened()
def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code, 0 only when all of it succeeded."""
    given = _parsed(sys.argv[1:] if arguments is None else arguments)
    from matdata.cli.commands import run
    from matdata.core.errors import MatdataError
    from matdata.core.executors import enough_memory
    from matdata.core.given import require_arguments
    from matdata.core.offers import forgive_broken_metadata

    forgive_broken_metadata()
    try:
        require_arguments(given)
        with _debugging(given.debug), enough_memory():
            return run(given)
    except MatdataError as error:
        if given.debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        if getattr(given, "config", None):
            print(
                f"  options: of {printable(given.config)} and of the command line", file=sys.stderr
            )
        return 1
    except ImportError as error:
        from matdata.core.packages import missing_package

        missing = missing_package(error, f"matdata {given.command}")
        if given.debug or missing is None:
            raise
        print(f"error: {missing}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nstopped; what was finished is kept, and the same command goes on from there",
            file=sys.stderr,
        )
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone (head, less)
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    sys.exit(main())
