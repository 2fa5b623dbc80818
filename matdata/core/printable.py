"""Text for a terminal: characters that would control it, or hide or reorder letters, are escaped.

Ids, columns, paths and messages come from files, services and plugins. Printed unchanged, an
escape sequence in one clears the screen, a newline forges a line, U+202E reverses names.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

#: Controls, formats (bidi, zero width), surrogates, private and unassigned, separators of lines.
UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_LAYOUT = re.compile(r"([\n\r\t]+)")


def printable(text: object) -> str:
    """One line of text with every character that is not visible as itself escaped, as by `repr`.

    Two texts may print alike (a newline, and a backslash with an n); what must be read back is
    written as JSON or CSV.
    """
    plain = str(text)
    if plain.isprintable():
        return plain
    return "".join(_escaped(letter) if _unseen(letter) else letter for letter in plain)


def printable_lines(text: str) -> str:
    """As `printable`, but keeps newlines, returns and tabs: for text with a layout."""
    pieces = _LAYOUT.split(text)
    return "".join(piece if k % 2 else printable(piece) for k, piece in enumerate(pieces))


def printable_json(value: Any, **how: Any) -> str:
    """JSON for people and programs: visible letters unchanged, others as ``\\uXXXX``."""
    text = json.dumps(value, ensure_ascii=False, **how)
    if text.replace("\n", "").isprintable():
        return text
    # The only newlines are those between the lines: the encoder has escaped all ASCII controls.
    return "".join(
        json.dumps(letter)[1:-1] if _unseen(letter) and letter != "\n" else letter
        for letter in text
    )


def _unseen(letter: str) -> bool:
    return unicodedata.category(letter) in UNSEEN


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


def human_bytes(count: float) -> str:
    """A number of bytes for people."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def short_value(value: object, digits: int = 6) -> str:
    """A cell for people: numbers of few digits, a list of more than four values as their count."""
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    if isinstance(value, (list, tuple)) and (count := _count(value)) > 4:
        return f"{count:,} values"
    return "-" if value is None else str(value)


def _count(value: object) -> int:
    """Values of nested lists, in which text counts as one."""
    return sum(map(_count, value)) if isinstance(value, (list, tuple)) else 1
