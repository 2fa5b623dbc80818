"""HTML of reports: every text of users is escaped here, and what is markup is a type of its own."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from matdata.core.printable import printable
from matdata.core.redaction import redact

#: Letters of a text of users that are shown.
SHOWN = 160
#: Rows of a table from which on the page offers to filter them.
FILTERED = 8
#: Columns of a table from which on they stand closer.
DENSE = 7
_VOID = frozenset({"br", "hr", "meta"})


class Html(str):
    """Text that is markup already, and is not escaped again."""

    __slots__ = ()


def escaped(value: object, length: int = SHOWN) -> Html:
    """A value as text of a page: one line, secrets hidden, escaped, cut if long."""
    if isinstance(value, Html):
        return value
    line = printable(redact(str(value)))
    return Html(html.escape(line if len(line) <= length else f"{line[: length - 1]}…"))


def join(parts: Iterable[object], between: str = "") -> Html:
    """Several pieces one after another."""
    return Html(between.join(escaped(part) for part in parts))


def tag(name: str, *children: object, **attributes: object) -> Html:
    """An element; ``class_`` is its class, an attribute that is None is left out.

    Underscores in names of attributes become dashes.
    """
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escaped(value, 4 * SHOWN)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{shown}>")
    return Html(f"<{name}{shown}>{join(children)}</{name}>")


def paragraph(*children: object, class_: str | None = None) -> Html:
    """A paragraph."""
    return tag("p", *children, class_=class_)


def note(*children: object) -> Html:
    """A remark below a table or picture, in muted letters."""
    return paragraph(*children, class_="note")


def code(text: object, length: int = SHOWN) -> Html:
    """A name or a value as it is written in files and commands."""
    return tag("code", escaped(text, length))


def commands(lines: Sequence[str]) -> Html:
    """Lines for a shell, as they are typed."""
    shown = "\n".join(escaped(line, 2000) for line in lines)
    return tag("pre", tag("code", Html(shown)))


def bullets(items: Iterable[object]) -> Html:
    """A list."""
    return tag("ul", *(tag("li", item) for item in items))


def details(summary: object, *children: object) -> Html:
    """A part that is folded away until it is asked for; printed pages show it."""
    return tag("details", tag("summary", summary), *children)


def facts(pairs: Mapping[str, object]) -> Html:
    """Names and what they are, as a list of descriptions."""
    rows = (tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs.items())
    return tag("dl", *rows, class_="facts")


def tiles(pairs: Mapping[str, object]) -> Html:
    """Large figures, each with what it counts below it."""
    shown = (
        tag("div", tag("strong", value), tag("span", name), class_="tile")
        for name, value in pairs.items()
    )
    return tag("div", *shown, class_="tiles")


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 material``, ``3,787 materials``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def share(part: int, whole: int) -> str:
    """A share in percent; a part that is there is never 0 %, one that is missing never 100 %."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < part < whole:
        percent = min(max(percent, 0.1), 99.9)
    return f"{percent:.1f} %"


def number(value: float | None, digits: int = 4) -> str:
    """A number of few digits for people; a dash where there is none."""
    if value is None or value != value:
        return "–"
    text = f"{value + 0.0:.{digits}g}"  # of −0 as well 0
    if "e" not in text:
        return text.replace("-", "−")
    mantissa, _, power = text.partition("e")
    return f"{mantissa}e{int(power)}".replace("-", "−")


@dataclass(frozen=True)
class Table:
    """A table of a report.

    Attributes
    ----------
    head
        Titles of the columns.
    rows
        Cells; numbers stand to the right.
    caption
        What it shows.
    more
        How many rows there are beyond these, and what they are (``1,500 columns``).
    """

    head: Sequence[object]
    rows: Sequence[Sequence[object]]
    caption: object = ""
    more: str = ""

    def html(self) -> Html:
        """The table, which the page's script can sort, and filter if it is long."""
        if not self.rows:
            return Html("")
        columns = list(zip(*self.rows, strict=True))
        right = ["num" if _are_numbers(cells) else None for cells in columns]
        head = tag(
            "tr",
            *(
                tag("th", title, class_=side, scope="col")
                for title, side in zip(self.head, right, strict=True)
            ),
        )
        body = Html("".join(_row(row, right) for row in self.rows))
        caption = tag("caption", self.caption) if self.caption else ""
        table = tag("table", caption, tag("thead", head), tag("tbody", body), class_=self._kind)
        more = note(f"… and {self.more} more") if self.more else ""
        return tag("div", table, more, class_="scroll")

    @property
    def _kind(self) -> str:
        filtered = " filtered" if len(self.rows) > FILTERED else ""
        return f"sortable{filtered}{' dense' if len(self.head) > DENSE else ''}"


def _row(cells: Sequence[object], right: Sequence[str | None]) -> Html:
    return tag("tr", *(tag("td", c, class_=s) for c, s in zip(cells, right, strict=True)))


def _are_numbers(cells: Sequence[object]) -> bool:
    return all(map(_is_number, cells)) and any(cell != "–" for cell in cells)


def _is_number(cell: object) -> bool:
    if isinstance(cell, Html):
        return False
    text = str(cell).removesuffix("%").strip(" -−–+.,0123456789e")
    return text == "" and cell != ""


@dataclass(frozen=True)
class Section:
    """A section of a report.

    Attributes
    ----------
    key
        Its address within the page.
    title
        Above it, and in the table of contents.
    body
        What it shows, in order; empty pieces are left out.
    """

    key: str
    title: str
    body: Sequence[object]

    def html(self) -> Html:
        """The section with its heading."""
        shown = [part.html() if isinstance(part, Table) else part for part in self.body]
        heading = tag("h2", self.title)
        return tag("section", heading, *filter(None, shown), id=self.key)


def subheading(text: object) -> Html:
    """A heading within a section."""
    return tag("h3", text)


def figure(picture: Html, caption: object = "") -> Html:
    """A picture with its caption."""
    if not picture:
        return Html("")
    return tag("figure", picture, tag("figcaption", caption) if caption else "")


def side_by_side(*parts: object) -> Html:
    """Pieces beside each other where the page is wide enough."""
    shown = [*filter(None, (part.html() if isinstance(part, Table) else part for part in parts))]
    return join(shown) if len(shown) < 2 else tag("div", *shown, class_="beside")
