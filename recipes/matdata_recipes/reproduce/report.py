"""Items with their numbers and pictures as lines, as a page, and as a table for documents."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matdata_recipes.reproduce.items import PAPERS, Item
from matdata_recipes.reproduce.ours import Records, numbers_of, status_of
from matdata_recipes.reproduce.statuses import MEANINGS, TOLERANCE, Data, Number, Status


@dataclass(frozen=True)
class Entry:
    """An item as it stands.

    Attributes
    ----------
    item, numbers, status
        What it is, its numbers, and how near we are.
    pictures
        Files to show below it.
    """

    item: Item
    numbers: tuple[Number, ...]
    status: Status
    pictures: tuple[Path, ...] = ()

    @property
    def compared(self) -> int:
        """Numbers that the paper and we have."""
        return sum(number.counted for number in self.numbers)

    @property
    def printed(self) -> int:
        """Numbers that the paper prints."""
        return sum(number.paper is not None for number in self.numbers)

    @property
    def remark(self) -> str:
        """What stands in the way, or how much was compared."""
        item = self.item
        if self.status in ("drawing", "drawn"):
            return ""
        if self.status == "stand-in":
            return item.stand_in
        if self.status == "data closed":
            return item.closed
        if self.status == "not built":
            return f"lacking: {item.lacking}"
        if self.status == "not run":
            return self._needed()
        counts = Counter(number.status for number in self.numbers if number.counted)
        parts = ", ".join(f"{counts[one]} {one}" for one in MEANINGS if counts[one])
        return f"{self.compared} of {self.printed} numbers: {parts}"

    def _needed(self) -> str:
        item = self.item
        hours = "" if item.hours is None else f", about {item.hours:g} CPU hours"
        files = ", ".join(need.file for need in item.data[:2])
        more = f" and {len(item.data) - 2} more" if len(item.data) > 2 else ""
        return f"needs {files or 'no files'}{more}{hours}"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        item = self.item
        return {
            "item": item.ref,
            "shows": item.shows,
            "status": self.status,
            "remark": self.remark,
            "data": [{"file": need.file, "where": need.where} for need in item.data],
            "presets": [preset.name for preset in item.presets],
            "analysis": item.analysis or None,
            "seeds": list(item.seeds),
            "cpu_hours": item.hours,
            "stand_in": item.stand_in or None,
            "numbers": [number.to_json() for number in self.numbers],
        }


def entry(item: Item, records: Records, pictures: Sequence[Path] = ()) -> Entry:
    """An item with what is on record of it."""
    numbers = tuple(numbers_of(item, records))
    return Entry(item, numbers, status_of(item, numbers, records), tuple(pictures))


def shown(value: float | None, digits: int = 4) -> str:
    """A number with so many significant digits; a dash for none."""
    return "-" if value is None else f"{value:.{digits}g}"


def with_error(number: Number) -> str:
    """Ours with its standard error in the last digit (``0.288(8)``)."""
    mean, error = number.mean, number.error
    if mean is None or not error:
        return shown(mean)
    places = -math.floor(math.log10(error))
    if places < 0 or places > 6:
        return f"{shown(mean)} ± {shown(error, 1)}"
    return f"{mean:.{places}f}({error * 10**places:.0f})"


def percent(number: Number) -> str:
    """How much ours is larger than the paper's."""
    difference = number.difference
    return "" if difference is None else f"{difference:+.1%}"


def line(one: Entry) -> str:
    """An item in a line."""
    rest = f" ({one.remark})" if one.remark else ""
    return f"{one.item.ref:<28} {one.status:<12} {one.item.shows}{rest}"


def details(one: Entry) -> Iterator[str]:
    """An item with its numbers, side by side."""
    item = one.item
    yield f"{item.ref}: {item.shows}"
    yield f"  {PAPERS[item.paper]}"
    yield f"  {one.status}: {MEANINGS[one.status]}" + (f" ({one.remark})" if one.remark else "")
    for need in item.data[:12]:
        yield f"  data: {need.file}, from {need.where}"
    if len(item.data) > 12:
        yield f"  data: {len(item.data) - 12} more files"
    if item.can_run and item.hours is not None:
        yield f"  about {item.hours:g} CPU hours; seeds {', '.join(map(str, item.seeds))}"
    rows = [number for number in one.numbers if number.values or len(one.numbers) <= 40]
    if rows:
        wide = max(len(number.label) for number in rows)
        yield f"  {'':<{wide}} {'paper':>9} {'ours':>12}"
    for number in rows:
        why = f": {number.explanation}" if number.explanation else ""
        sides = f"{shown(number.paper):>9} {with_error(number):>12} {percent(number):>7}"
        yield f"  {number.label:<{wide}} {sides}  {number.status}{why}"
    if len(rows) < len(one.numbers):
        yield f"  … {len(one.numbers) - len(rows)} more numbers of the paper, not run"


def summary(entries: Sequence[Entry]) -> dict[str, int]:
    """How many items have each status."""
    counts = Counter(one.status for one in entries)
    return {status: counts[status] for status in MEANINGS if counts[status]}


def compared(
    entries: Sequence[Entry], trained: bool = True, data: Data = "paper"
) -> dict[str, int]:
    """Numbers by status, each once.

    Parameters
    ----------
    entries
        The items.
    trained
        Whether errors of trained models are counted, or what is computed without one.
    data
        What those that are counted are computed from.
    """
    numbers = {(n.place, n.label): n for one in entries for n in one.numbers if n.counted}
    counts = Counter(n.status for n in numbers.values() if n.trained is trained and n.data == data)
    return {status: counts[status] for status in MEANINGS if counts[status]}


def compared_text(entries: Sequence[Entry]) -> str:
    """How many numbers are compared, in a sentence."""
    kinds: tuple[tuple[bool, Data, str], ...] = (
        (True, "paper", "errors of models"),
        (False, "paper", "other numbers"),
        (False, "none", "numbers of tables that need no data"),
        (True, "other release", "scores of models on another release of a paper's data"),
    )
    parts = []
    for trained, data, what in kinds:
        counts = compared(entries, trained, data)
        rest = ", ".join(f"{count} {status}" for status, count in counts.items())
        parts.append(f"{sum(counts.values())} {what}" + (f" ({rest})" if rest else ""))
    return (
        f"compared on the papers' own data: {parts[0]} and {parts[1]}; besides, {parts[2]} and "
        f"{parts[3]}; "
        f"that an error within {TOLERANCE:.0%} counts as reproduced is our criterion"
    )


def markdown(entries: Sequence[Entry]) -> str:
    """A table of all items, and one of all numbers that both have."""
    lines = [
        f"{compared_text(entries).capitalize()}. Stand-ins are named, and not counted.",
        "",
        *(f"- **{status}**: {meaning}" for status, meaning in MEANINGS.items()),
        "",
    ]
    for paper, title in PAPERS.items():
        own = [one for one in entries if one.item.paper == paper and one.status != "drawing"]
        if own:
            lines += [f"## {_cell(title)}", "", "| item | shows | status | |", "|---|---|---|---|"]
            lines += [_row(one) for one in own]
            lines += ["", *_numbers(own)]
    return "\n".join(lines).strip() + "\n"


def _row(one: Entry) -> str:
    cells = (f"`{one.item.ref}`", one.item.shows, one.status, one.remark)
    return f"| {' | '.join(map(_cell, cells))} |"


def _numbers(entries: Sequence[Entry]) -> list[str]:
    rows = {(n.place, n.label): n for one in entries for n in one.numbers if n.counted}
    if not rows:
        return []
    lines = ["| number | where | paper | ours | | status |", "|---|---|---|---|---|---|"]
    for number in rows.values():
        status = f"{number.status}: {number.explanation}" if number.explanation else number.status
        cells = (number.label, number.place, shown(number.paper), with_error(number))
        lines.append(f"| {' | '.join(map(_cell, (*cells, percent(number), status)))} |")
    return [*lines, ""]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
