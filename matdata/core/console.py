"""Progress messages: lines, warnings and progress bars; quiet on request.

Each call prints one line: a newline or an escape sequence in a name is escaped, not executed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from matdata.core.log_file import stamp
from matdata.core.printable import printable
from matdata.core.redaction import redact

T = TypeVar("T")


class Console:
    """Receives the messages of all stages.

    Parameters
    ----------
    quiet
        Print nothing but warnings.
    lines_to_stderr
        Keep standard output free for machine-readable results.
    verbose
        Begin each line with its time and level.
    """

    def __init__(
        self, quiet: bool = False, lines_to_stderr: bool = False, verbose: bool = False
    ) -> None:
        self.quiet, self._verbose = quiet, verbose
        self._lines = sys.stderr if lines_to_stderr else sys.stdout

    def say(self, text: str = "") -> None:
        """Print a line."""
        if not self.quiet:
            print(self._line("info", one_line(text)), file=self._lines, flush=True)

    def warn(self, text: str) -> None:
        """Print a warning, also when quiet."""
        shown = one_line(text) if self._verbose else one_line(f"warning: {text}")
        print(self._line("warning", shown), file=sys.stderr, flush=True)

    def _line(self, level: str, text: str) -> str:
        return f"{stamp(level)} {text}" if self._verbose else text

    def bar(self, items: Iterable[T], what: str, total: int | None, done: int = 0) -> Iterator[T]:
        """Yield items under a progress bar, which is hidden unless standard error is a terminal."""
        if self.quiet or not sys.stderr.isatty():
            yield from items
            return
        from tqdm import tqdm

        options: dict[str, Any] = {"desc": one_line(what), "total": total, "initial": done}
        with tqdm(leave=False, delay=1.0, **options) as bar:
            for item in items:
                yield item
                bar.update()


def one_line(text: object) -> str:
    """A text as one printable line, without secrets."""
    return printable(redact(str(text)))


SILENT = Console(quiet=True)
