"""The command line: parsing and printing only; the work is done by `matdata.cli.commands`."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import warnings
from collections.abc import Iterator, Sequence

from matdata.cli.arguments import make_parser
from matdata.cli.early import early_options
from matdata.cli.logs import recorded
from matdata.cli.options import TABLES, missing_arguments, options_of_command
from matdata.core.errors import PluginError
from matdata.core.exit_codes import ExitCode
from matdata.core.ledger import DEBUG
from matdata.core.stopping import terminable
from matdata.core.streams import OutputError, screened

REPAIRING = ("featurize", "split")  # commands that make things repair what they are made from


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
@recorded
def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code, 0 only when all of it succeeded."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        try:
            return _stoppable(words, early_options(words).json)
        finally:
            sys.stdout.flush()  # here, where a failure can still be reported
    except OutputError as error:
        from matdata.cli.failures import unwritten

        return unwritten(error)


def _stoppable(words: Sequence[str], as_json: bool) -> int:
    """Run one command, which Ctrl-C and SIGTERM may stop."""
    try:
        with terminable():
            try:
                given = _parsed_or_reported(words, as_json)
            except PluginError as error:  # the command is one of a plugin that cannot be used
                from matdata.cli.failures import failed

                return failed(error, early_options(words))
            return _run(given)
    except KeyboardInterrupt as stop:
        from matdata.cli.failures import stopped

        return stopped(stop, as_json)


def _parsed_or_reported(arguments: Sequence[str], as_json: bool) -> argparse.Namespace:
    """The arguments; what argparse does not understand is printed as JSON too if asked for."""
    if not as_json:
        return _parsed(arguments)
    printed = io.StringIO()
    try:
        with contextlib.redirect_stderr(printed):
            return _parsed(arguments)
    except SystemExit as leaving:
        from matdata.cli.failures import misused

        if leaving.code == ExitCode.USAGE:
            misused(printed.getvalue().strip().rpartition("error: ")[2])
        raise
    finally:
        sys.stderr.write(printed.getvalue())


def _run(given: argparse.Namespace) -> int:
    from matdata.core.errors import MatdataError
    from matdata.core.executors import enough_memory
    from matdata.core.given import require_arguments
    from matdata.core.offers import forgive_broken_metadata

    forgive_broken_metadata()
    try:
        require_arguments(given)
        with _debugging(given.debug), _plain_warnings(), enough_memory():
            return _run_repairing(given)
    except MatdataError as error:
        from matdata.cli.failures import failed, print_failure

        if not given.debug:
            return failed(error, given)
        print_failure(error, given)
        raise
    except OutputError:
        raise
    except Exception as error:
        return _ended_by(error, given)


@contextlib.contextmanager
def _plain_warnings() -> Iterator[None]:
    """Print a `MatdataWarning` as one line, without the place in the code that raised it."""
    from matdata.core.console import one_line
    from matdata.core.errors import MatdataWarning

    before = warnings.formatwarning

    def shown(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        line: str | None = None,
    ) -> str:
        if issubclass(category, MatdataWarning):
            return f"{one_line(f'warning: {message}')}\n"
        return before(message, category, filename, lineno, line)

    warnings.formatwarning = shown
    try:
        yield
    finally:
        warnings.formatwarning = before


def _ended_by(error: Exception, given: argparse.Namespace) -> int:
    """The exit code if a package is missing; any other error goes on to its traceback."""
    from matdata.cli.failures import crashed, failed

    if isinstance(error, ImportError) and not given.debug:
        from matdata.core.packages import missing_package

        missing = missing_package(error, f"matdata {given.command}")
        if missing is not None:
            return failed(missing, given)
    if given.json:
        crashed(error)
    raise error


def _run_repairing(given: argparse.Namespace) -> int:
    """Run a command, again for each damaged artefact that could be made again."""
    from matdata.cli.commands import run
    from matdata.core.errors import DamageError

    repairs = given.repair or given.command in REPAIRING
    mended = set()
    while True:
        try:
            return run(given)
        except DamageError as error:
            if not repairs or error.folder is None or error.folder in mended:
                raise
            from matdata.building.repair import repair_at
            from matdata.cli.common import console_of

            console = console_of(given)
            console.warn(error.what)
            repair_at(error.folder, console)
            mended.add(error.folder)


if __name__ == "__main__":
    sys.exit(main())
