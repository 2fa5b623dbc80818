"""What notebooks show of an object: a title, a few lines and a small table, as HTML.

All text is escaped, secrets are hidden. There are no colours but those of the page, so that what is
shown is legible on light and dark ones.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from matdata.core.printable import printable
from matdata.core.redaction import redact

ROWS = 12  # of a table that are shown
SHOWN = 120  # characters of a text
_CELL = "padding:0.1em 0.8em 0.1em 0;border:none;background:none"
_HEAD = f"{_CELL};border-bottom:1px solid;font-weight:600"


def text(value: object) -> str:
    """A value as HTML text: one line, escaped, cut if long."""
    line = printable(redact(str(value)))
    return html.escape(line if len(line) <= SHOWN else f"{line[:SHOWN]}…")


def card(
    title: str,
    lines: Iterable[object] = (),
    head: Sequence[object] = (),
    rows: Iterable[Sequence[object]] = (),
    count: int | None = None,
) -> str:
    """A title, lines below it, and a table; columns of numbers stand to the right.

    Parameters
    ----------
    title
        What the object is.
    lines
        What is said of it.
    head, rows
        Heads and cells of the table, of whose rows the first `ROWS` are shown.
    count
        Number of rows that there are, if `rows` holds only the first of them.
    """
    parts = [f"<div><strong>{text(title)}</strong>"]
    parts += [f"<div style='opacity:0.8'>{text(line)}</div>" for line in lines if line]
    cells = [list(row) for row in rows]
    total = len(cells) if count is None else count
    if cells:
        parts.append("<table style='border-collapse:collapse;margin:0.4em 0;color:inherit'>")
        sides = _sides(cells[:ROWS])
        parts += [_row("th", _HEAD, head, sides)] if head else []
        parts += [_row("td", _CELL, row, sides) for row in cells[:ROWS]]
        parts.append("</table>")
        if total > ROWS:
            parts.append(f"<div style='opacity:0.8'>… {total:,} in all</div>")
    return "".join([*parts, "</div>"])


def _sides(rows: Sequence[Sequence[object]]) -> list[str]:
    """To which side the cells of each column stand."""
    columns = zip(*rows, strict=True)
    return ["right" if all(map(_is_number, cells)) else "left" for cells in columns]


def _is_number(cell: object) -> bool:
    return str(cell).removesuffix("%").strip(" -+.,0123456789e") == ""


def _row(tag: str, style: str, cells: Sequence[object], sides: Sequence[str]) -> str:
    shown = [
        f"<{tag} style='{style};text-align:{side}'>{text(value)}</{tag}>"
        for value, side in zip(cells, sides, strict=True)
    ]
    return f"<tr style='background:none'>{''.join(shown)}</tr>"
