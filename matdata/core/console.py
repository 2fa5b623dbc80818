"""Progress messages: lines, warnings and progress bars; quiet on request.

Each call prints one line: a newline or an escape sequence in a name is escaped, not executed.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
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
    bars
        Show progress bars, where there is a terminal or a notebook; not when quiet if not given.
    verbose
        Begin each line with its time and level.
    """

    def __init__(
        self,
        quiet: bool = False,
        lines_to_stderr: bool = False,
        bars: bool | None = None,
        verbose: bool = False,
    ) -> None:
        self.quiet, self._verbose = quiet, verbose
        self._bars = not quiet if bars is None else bars
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
        """Yield items under a progress bar, which only a terminal and a notebook show.

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
        if not self._bars or not (in_notebook() or sys.stderr.isatty()):
            yield from items
            return
        tqdm = _progress()
        options: dict[str, Any] = {"desc": one_line(what), "total": total, "initial": done}
        with tqdm(leave=False, delay=1.0, unit=unit, unit_scale=True, **options) as bar:
            for item in items:
                yield item
                bar.update(size(item))


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


def _progress() -> Any:
    """The bar of a terminal, or that of notebooks, which is text where ipywidgets is missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that ipywidgets is missing
        from tqdm.auto import tqdm
    return tqdm


def python_console(quiet: bool = True) -> Console:
    """Of a function in Python: warnings, and bars in a notebook; all of it if not quiet."""
    return Console(quiet=True, bars=in_notebook()) if quiet else Console()


def one_line(text: object) -> str:
    """A text as one printable line, without secrets."""
    return printable(redact(str(text)))


SILENT = Console(quiet=True)
