"""The parser of the command line: short errors that name what was probably meant, readable help."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from matdata.core.errors import did_you_mean
from matdata.core.exit_codes import ExitCode
from matdata.core.printable import printable

#: Options that are read before the command line is parsed (`matdata.cli.early`), and are therefore
#: not cut short: ``--log`` would be taken here and missed there.
WHOLE = ("--json", "--log-file", "--verbose")


class HelpFormatter(argparse.HelpFormatter):
    """Fills paragraphs to the width of the terminal, and leaves indented ones as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = [
            part if part.startswith(" ") else textwrap.fill(part, width)
            for part in text.split("\n\n")
        ]
        return textwrap.indent("\n\n".join(paragraphs), indent)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are two lines: what is wrong, and where the options are listed.

    Options may be written with underscores, as settings are (``--batch_size``). A word that begins
    with a negative number is a value (``--grid -10:10:200``): no option is called so.
    """

    def __init__(self, **more: Any) -> None:
        super().__init__(formatter_class=HelpFormatter, **more)
        self._negative_number_matcher = re.compile(r"^-\.?\d")

    def parse_known_args(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        namespace: argparse.Namespace | None = None,
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse what is known, as argparse does."""
        words = sys.argv[1:] if args is None else args
        given, unknown = super().parse_known_args(self._with_dashes(words), namespace)
        command = getattr(given, "command", None)
        if unknown and command is None:  # within a command; of the whole line, argparse collects
            self._refuse(unknown)
        return given, unknown

    def of_command(self, name: str) -> Parser:
        """The parser of one of its commands."""
        commands = next(a for a in self._actions if isinstance(a, argparse._SubParsersAction))
        parser: Parser = commands.choices[name]
        return parser

    def error(self, message: str) -> NoReturn:
        """End the program with the exit code of a wrong command line."""
        self.exit(
            ExitCode.USAGE,
            f"{self.prog}: error: {printable(message)}\n"
            f"  next step: `{self.prog} --help` lists what it takes\n",
        )

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            choices = [str(one) for one in action.choices]
            raise argparse.ArgumentError(
                action,
                f"invalid choice: {value!r}{did_you_mean(str(value), choices)}; "
                f"choose from {', '.join(choices)}",
            )

    def _get_option_tuples(self, option_string: str) -> list[Any]:
        """What an option that was cut short can mean; `argparse` asks it."""
        candidates = super()._get_option_tuples(option_string)  # type: ignore[misc]
        return [one for one in candidates if one[1] not in WHOLE]

    def _with_dashes(self, args: Iterable[str]) -> list[str]:
        spelled, rest = [], list(args)
        while rest and rest[0] != "--":
            spelled.append(self._dashed(rest.pop(0)))
        return spelled + rest

    def _dashed(self, argument: str) -> str:
        name, equals, value = argument.partition("=")
        dashed = name.replace("_", "-")
        options = self._option_string_actions
        respelled = dashed in options and name not in options
        return dashed + equals + value if respelled else argument

    def _refuse(self, unknown: Sequence[str]) -> None:
        option = next((one for one in unknown if one.startswith("-")), unknown[0])
        names = {name.lstrip("-"): name for name in self._option_string_actions}
        word = option.partition("=")[0].lstrip("-").replace("_", "-")[:100]
        closest = [name for name in names if word and name.startswith(word)]
        closest = closest or difflib.get_close_matches(word, names, n=1)
        meant = f" (did you mean '{names[closest[0]]}'?)" if closest else ""
        self.error(f"unrecognized arguments: {' '.join(unknown)}{meant}")
