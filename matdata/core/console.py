"""Progress messages: lines, warnings and progress bars; quiet on request.

Each call prints one line: a newline or an escape sequence in a name is escaped, not executed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

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
    """

    def __init__(self, quiet: bool = False, lines_to_stderr: bool = False) -> None:
        self.quiet = quiet
        self._lines = sys.stderr if lines_to_stderr else sys.stdout

    def say(self, text: str = "") -> None:
        """Print a line."""
        if not self.quiet:
            print(one_line(text), file=self._lines, flush=True)

    def warn(self, text: str) -> None:
        """Print a warning, also when quiet."""
        print(one_line(f"warning: {text}"), file=sys.stderr, flush=True)

    def bar(
        self,
        items: Iterable[T],
        what: str,
        total: int | None,
        done: int = 0,
        *,
        size: Callable[[T], int] = len,  # type: ignore[assignment]
        unit: str = " materials",
    ) -> Iterator[T]:
        """Yield items under a progress bar, which is hidden unless standard error is a terminal.

        It counts materials, with their rate and the time that is left.

        Parameters
        ----------
        items
            Chunks of materials.
        what
            Title of the bar.
        total
            Number of materials in all; None if not known.
        done
            Number of those that an earlier process did.
        size
            Number of materials of a chunk.
        unit
            What is counted, if not materials.
        """
        if self.quiet or not sys.stderr.isatty():
            yield from items
            return
        from tqdm import tqdm

        options: dict[str, Any] = {"desc": one_line(what), "total": total, "initial": done}
        with tqdm(leave=False, delay=1.0, unit=unit, unit_scale=True, **options) as bar:
            for item in items:
                yield item
                bar.update(size(item))


def one_line(text: object) -> str:
    """A text as one printable line, without secrets."""
    return printable(redact(str(text)))


SILENT = Console(quiet=True)
