"""Metadata of files beside their cells: units, axes and words, as matdata's exports have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from matdata.core.printable import printable, printable_lines
from matdata.core.units import MAX_LENGTH, canonical_unit
from matdata.store.user_metadata import MAX_LENGTHS

#: Key by which an export of matdata is recognised.
DIGEST = "content_digest"


@dataclass(frozen=True)
class FileMetadata:
    """Metadata of a file.

    Attributes
    ----------
    units
        By column.
    axes
        By array column the column with the points where its numbers stand.
    words
        ``licence``, ``citation`` and ``description``, where they are given.
    """

    units: Mapping[str, str] = field(default_factory=dict)
    axes: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)


def accepted(
    units: Mapping[str, object], axes: Mapping[str, object], about: Mapping[str, object]
) -> FileMetadata:
    """The metadata of a file that can be taken over; others are left out.

    Of an export of matdata all are: units as they are written, axes, and words. Of other files
    units that are known.
    """
    by_matdata = DIGEST in about
    usable = {name: unit for name, one in units.items() if (unit := _unit(one, by_matdata))}
    if not by_matdata:
        return FileMetadata(usable)
    words = {
        name: text for name, most in MAX_LENGTHS.items() if (text := _word(about.get(name), most))
    }
    return FileMetadata(usable, {k: v for k, v in axes.items() if isinstance(v, str)}, words)


def _unit(text: object, by_matdata: bool) -> str | None:
    if not isinstance(text, str) or not text:
        return None
    visible = by_matdata and len(text) <= MAX_LENGTH and text == printable(text)
    return canonical_unit(text) or (text if visible else None)


def _word(text: object, longest: int) -> str:
    usable = isinstance(text, str) and len(text) <= longest and text == printable_lines(text)
    return str(text) if usable else ""
