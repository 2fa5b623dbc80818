"""Tables as CSV: the only CSV writer of matdata.

Spreadsheets execute a cell that begins with ``= + - @`` as a formula, and where they take ``;`` or
a tab for the separator, also what follows one inside a cell. Such a text gets a leading apostrophe,
the spreadsheets' own mark of text; plain numbers are unchanged. Different texts stay different, and
``raw`` leaves all texts unchanged. Numbers are never changed: they are written in the shortest form
that reads back as the same number.
"""

from __future__ import annotations

import numbers
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from matdata.store.nested import is_nested, json_text

_END = r"(?=[;\t\r\n]|\Z)"
#: Signs and a number: its value as a formula is the number.
_NUMBER = rf" *[+-]*(?:\d+\.?\d*|\.\d+)?(?:[eE][+-]?\d+)? *{_END}"
_FORMULA = re.compile(rf"(^|[;\t\r\n])(?!{_NUMBER})([ ']*[=+\-@＝＋－＠])")
_QUOTED = re.compile(r'[",;\t\r\n]|^ | $')


def write_csv(path: Path, columns: Mapping[str, Sequence[object]]) -> None:
    """Write columns of one length as CSV (UTF-8, commas, a header, ``\\n`` at line ends).

    Parameters
    ----------
    path
        The file; for an atomic write, pass a temporary one and rename it.
    columns
        Cells by column: numbers, booleans, texts, lists; None is an empty cell. Records, and lists
        of them or of texts, are written as JSON.

    Raises
    ------
    OSError
        If it cannot be written.
    ValueError
        If columns differ in length.
    """
    with open(path, "w", newline="", encoding="utf-8") as file:
        file.writelines(csv_lines(columns))


def csv_lines(
    columns: Mapping[str, Sequence[object]], *, header: bool = True, raw: bool = False
) -> Iterator[str]:
    """The lines of `write_csv`, each with its line end; without the first if not `header`.

    `raw` leaves texts unchanged, also those that a spreadsheet would execute.
    """
    if header:
        yield ",".join(_cell(name, raw) for name in columns) + "\n"
    for row in zip(*columns.values(), strict=True):
        # Readers skip an empty line: a single empty cell is written as an empty text.
        yield (",".join(_cell(cell, raw) for cell in row) or '""') + "\n"


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would execute a text, so that it is written with an apostrophe."""
    return _FORMULA.search(text) is not None


def _cell(value: object, raw: bool) -> str:
    if value is None:
        return ""
    text = json_text(value) if is_nested(value) else str(value)
    if isinstance(value, numbers.Number):
        return text
    if not raw:
        text = _FORMULA.sub(r"\1'\2", text)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
