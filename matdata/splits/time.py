"""Split by date: the oldest materials are in train, the newest in test."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from matdata.core.errors import SplitError, first_few
from matdata.core.numerals import is_number
from matdata.core.settings import Settings, setting
from matdata.splits.base import Method, Split
from matdata.splits.columns import Columns, Ids
from matdata.splits.names import slug, split_name
from matdata.splits.random import cut, left_out_note
from matdata.splits.ranking import ranked
from matdata.splits.ratios import parse_ratios

_SHORT = re.compile(r"(\d{4})(?:-(\d{2}))?")  # a year, or a year and a month


@dataclass(frozen=True)
class TimeSettings(Settings):
    """Settings of the split by date."""

    column: str = setting("date", "column of dates: ISO 8601 text, datetimes, or years")
    ratios: str = setting("80/10/10", "percentages, fractions or counts of train/val/test")
    undated: str = setting(
        "error",
        "materials without a date: an error, or left out of all parts",
        choices=("error", "leave_out"),
    )


def time_split(ids: Ids, columns: Columns, settings: TimeSettings) -> list[Split]:
    """Split the materials in order of date, with exactly the requested sizes.

    Where counts request fewer than there are, the oldest are left out. Materials of the date at
    a cut fall on both sides of it, by a draw of fixed seed; a note gives their number.

    Raises
    ------
    SplitError
        If dates are missing or cannot be read, or the ratios cannot be met.
    """
    ratios = parse_ratios(settings.ratios)
    values, n, stated = columns.values(settings.column), len(ids), settings.to_dict()
    if settings.undated == "error":
        stated.pop("undated")  # what was left out is a property of the split, the check is none
    else:
        dated = [row for row, value in enumerate(values) if value is not None]
        ids, values = ids[dated], [values[row] for row in dated]
    sizes = ratios.sizes(len(ids))
    dates = _dates(ids, values, settings.column)
    drawn = np.empty(len(ids), dtype=np.int64)
    drawn[ranked(ids, 0, "time")] = np.arange(len(ids))
    order = np.lexsort((drawn, dates))[::-1]
    parts = cut(ids[order], sizes)
    notes = _notes(dates[order], sizes)
    if len(ids) < n:
        undated = f"{n - len(ids)} of {n} materials have no date in {settings.column!r}"
        notes += (f"{undated} and are in no part",)
    notes += left_out_note(len(ids), sizes)
    name = split_name("time", slug(settings.column), ratios.slug)
    return [Split(name, "time", stated, parts, notes)]


def _dates(ids: Ids, values: list[Any], column: str) -> np.ndarray:
    missing = ids[np.array([value is None for value in values])]
    if len(missing):
        raise SplitError(
            f"{len(missing)} of {len(ids)} materials have no date in {column!r}: "
            f"{first_few(missing)}",
            next_step="complete the column, drop these materials, or leave them out of all parts "
            "(--set undated=leave_out)",
        )
    timestamps = [_seconds(value) for value in values]
    unreadable = [
        f"{id_}: {v!r}" for id_, v, s in zip(ids, values, timestamps, strict=True) if s is None
    ]
    if unreadable:
        raise SplitError(
            f"{len(unreadable)} dates in {column!r} cannot be read: {first_few(unreadable)}",
            cause="expected ISO 8601 (2019-07-04, 2019-07-04T12:00:00Z), a datetime, or a year",
            next_step="convert the column to one of these forms",
        )
    return np.array(timestamps, dtype=np.float64)


def _seconds(value: object) -> float | None:
    """Seconds since 1970 (UTC); a time without a zone counts as UTC; None if not a date."""
    if is_number(value):
        value = str(int(value)) if float(value).is_integer() else ""
    if isinstance(value, str):
        short = _SHORT.fullmatch(value.strip())
        text = f"{short[1]}-{short[2] or '01'}-01" if short else value.strip()
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


def _notes(newest_first: np.ndarray, sizes: dict[str, int]) -> tuple[str, ...]:
    notes, start = [], 0
    for part in ("test", "val", "train"):
        if part not in sizes:
            continue
        inside = newest_first[start : start + sizes[part]]
        days = [datetime.fromtimestamp(t, UTC).date().isoformat() for t in inside[[-1, 0]].tolist()]
        notes.append(f"{part}: {days[0]} to {days[1]}")
        start += sizes[part]
        if start < len(newest_first) and newest_first[start - 1] == newest_first[start]:
            shared = int(np.sum(newest_first == newest_first[start]))
            notes.append(f"{shared} materials share the date at the older end of {part}")
    return tuple(notes)


METHOD = Method("time", TimeSettings, time_split)
