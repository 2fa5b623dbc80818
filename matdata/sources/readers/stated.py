"""What files state of their columns and themselves beside the cells, as matdata's exports do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from matdata.core.printable import printable, printable_lines
from matdata.core.units import MAX_LENGTH, canonical_unit

#: Key by which an export of matdata is recognised.
DIGEST = "content_digest"
#: Longest text that is taken over, in letters.
LONGEST = {"licence": 500, "citation": 5_000, "description": 20_000}


@dataclass(frozen=True)
class Stated:
    """Statements of a file.

    Attributes
    ----------
    units
        By column.
    axes
        By array column the column with the points where its numbers stand.
    words
        ``licence``, ``citation`` and ``description``, where they are stated.
    """

    units: Mapping[str, str] = field(default_factory=dict)
    axes: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)


def stated(
    units: Mapping[str, object], axes: Mapping[str, object], about: Mapping[str, object]
) -> Stated:
    """The statements of a file that can be taken over; others are left out.

    Of an export of matdata all are: units as they are written, axes, and words. Of other files
    units that are known.
    """
    by_matdata = DIGEST in about
    known = {name: _unit(text, by_matdata) for name, text in units.items()}
    given = {name: unit for name, unit in known.items() if unit}
    if not by_matdata:
        return Stated(given)
    words = {name: text for name in LONGEST if (text := _word(about.get(name), LONGEST[name]))}
    return Stated(given, {k: v for k, v in axes.items() if isinstance(v, str)}, words)


def _unit(text: object, by_matdata: bool) -> str | None:
    if not isinstance(text, str) or not text:
        return None
    visible = by_matdata and len(text) <= MAX_LENGTH and text == printable(text)
    return canonical_unit(text) or (text if visible else None)


def _word(text: object, longest: int) -> str:
    usable = isinstance(text, str) and len(text) <= longest and text == printable_lines(text)
    return str(text) if usable else ""
