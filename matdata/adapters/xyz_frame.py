"""Checks of an extended XYZ frame that ASE leaves out: columns, numbers, symbols and flags."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from matdata.adapters.xyz_comment import comment_texts
from matdata.core.ledger import Unusable

DEFAULT = "species:S:1:pos:R:3"  # properties of a frame that states none
SYMBOLS = ("species", "symbols")  # names of the property that ASE reads as symbols
MAX_WIDTH = 10_000  # columns of an atom
FLAGS = frozenset(("T", "F", "true", "false", "True", "False", "TRUE", "FALSE", "0", "1"))
_WORD = re.compile(r"[^\s,]+")  # of a list of values, as ASE separates them
_DECIMAL = re.compile(r"[0-9+\-.eE]*")  # whether they form a number is left to ASE


class Property(NamedTuple):
    """A property of the atoms: its name, its type (R, I, S or L), and its columns."""

    name: str
    kind: str
    first: int
    end: int


def symbols_of(frame: str) -> list[str] | None:
    """Element symbols of the atoms as written, None if the frame has no column of them.

    ASE ignores words beyond the stated columns, so that a number broken in two shifts those after
    it; it reads ``1_000`` as 1000, and any text of ``pbc`` as true.

    Raises
    ------
    Unusable
        If ``Properties`` or ``pbc`` is malformed, an atom has another number of words than
        ``Properties`` states, or a number is not in decimal notation.
    """
    _, comment, *lines = frame.removesuffix("\n").split("\n")
    texts = comment_texts(comment)
    _require_decimal(_WORD.findall(texts.get("Lattice", "")), "Lattice")
    _require_flags(_WORD.findall(texts.get("pbc", "T")))
    properties = _properties(texts.get("Properties", DEFAULT))
    rows = [_words(line, properties[-1].end) for line in lines]
    for each in properties:
        if each.kind in ("R", "I"):
            columns = (row[each.first : each.end] for row in rows)
            _require_decimal(list(itertools.chain.from_iterable(columns)), each.name)
    column = next((each.first for each in properties if each.name in SYMBOLS), None)
    return None if column is None else [row[column] for row in rows]


def _properties(text: str) -> list[Property]:
    fields = text.split(":")
    properties, end = [], 0
    for name, kind, count in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
        first, end = end, end + (int(count) if re.fullmatch("[0-9]{1,5}", count) else MAX_WIDTH + 1)
        properties.append(Property(name, kind, first, end))
    if not properties or len(fields) % 3 or end > MAX_WIDTH:
        raise _unreadable(f"Properties={text[:60]} is not a list of name:type:columns")
    return properties


def _words(line: str, width: int) -> list[str]:
    words = line.split()
    if len(words) != width:
        raise _unreadable(
            f"an atom has {len(words)} words, its Properties state {width}: {line.strip()[:60]!r}"
        )
    return words


def _require_decimal(words: Sequence[str], what: str) -> None:
    if not _DECIMAL.fullmatch("".join(words)):
        culprit = next(word for word in words if not _DECIMAL.fullmatch(word))
        raise _unreadable(f"{what} holds {culprit[:40]!r}, not a number")


def _require_flags(words: Iterable[str]) -> None:
    for word in words:
        if word not in FLAGS:
            raise _unreadable(f"pbc holds {word[:40]!r}, neither T nor F")


def _unreadable(what: str) -> Unusable:
    return Unusable("unreadable", f"not an extended XYZ frame: {what}")
