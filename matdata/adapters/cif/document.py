"""Text to blocks: gemmi's CIF parser, called block by block if a file is damaged."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from typing import cast

from gemmi import cif

from matdata.core.ledger import Unusable

NULL = ("?", ".")
MAX_BLOCKS = 10_000  # of a damaged text, each of which is tried
_UNCERTAINTY = re.compile(r"\(\d+\)$")
# What can hold `data_` without being a block header: text fields, comments, quoted text. Quotes and
# fields that are never closed extend to the end of their line or of the text: linear time.
_TOKEN = re.compile(
    r"^;.*?(?P<end>^;|\Z)|\#[^\n]*|'[^'\n]*(?:'(?=\S)[^'\n]*)*'?|\"[^\"\n]*(?:\"(?=\S)[^\"\n]*)*\"?|\S+",
    re.MULTILINE | re.DOTALL,
)
_HEADER = re.compile(r"(?:data_|global_)\S*", re.IGNORECASE)


class Block:
    """One block: values by tag, tags in lower case with underscores (``_cell.length_a`` too).

    Parameters
    ----------
    block
        A block from gemmi.
    """

    def __init__(self, block: cif.Block) -> None:
        self.name: str = block.name.strip()
        # Each tag's single value, or its loop and its column there.
        self._locations: dict[str, str | tuple[_Loop, int]] = {}
        self._repeated: set[str] = set()
        for item in block:
            pair = cast("list[str] | None", item.pair)  # gemmi's stubs: object
            if pair is not None:
                self._add(pair[0], pair[1])
            elif (loop := item.loop) is not None:
                shared = _Loop(loop)
                for column, tag in enumerate(loop.tags):
                    self._add(tag, (shared, column))
        self._tags = " " + " ".join(self._locations)

    def _add(self, tag: str, location: str | tuple[_Loop, int]) -> None:
        key = tag.lower().replace(".", "_")
        if key in self._locations:
            self._repeated.add(key)
        self._locations[key] = location

    def __contains__(self, tag: str) -> bool:
        return tag in self._locations

    def any_of(self, *prefixes: str) -> bool:
        """Whether there is a tag with one of these prefixes."""
        return any(" " + prefix in self._tags for prefix in prefixes)

    def column(self, *tags: str) -> list[str] | None:
        """Texts of the first of these tags that exists, None if none does.

        Raises
        ------
        Unusable
            If the block gives that tag twice.
        """
        for tag in tags:
            location = self._locations.get(tag)
            if location is None:
                continue
            if tag in self._repeated:
                raise Unusable("unreadable", f"{tag} is given twice")
            return (
                [plain(location)] if isinstance(location, str) else location[0].column(location[1])
            )
        return None

    def value(self, *tags: str) -> str | None:
        """The first known value of these tags, None if it is missing or ``?`` or ``.``."""
        for tag in tags:
            if tag not in self._locations:
                continue
            column = self.column(tag)
            if column and column[0] not in NULL and column[0].strip():
                return column[0].strip()
        return None


class _Loop:
    """A loop whose values are fetched at the first access to one of its columns."""

    def __init__(self, loop: cif.Loop) -> None:
        self._loop = loop
        self._values: list[str] | None = None

    def column(self, number: int) -> list[str]:
        if self._values is None:
            self._values = self._loop.values
        return [plain(value) for value in self._values[number :: self._loop.width()]]


def plain(raw: str) -> str:
    """A value without its quotes."""
    return cif.as_string(raw) if raw[:1] in ("'", '"', ";") else raw


def number_of(text: str, what: str) -> float:
    """A finite number, without its standard uncertainty (``5.43(2)``).

    Raises
    ------
    Unusable
        If the text is not such a number.
    """
    return numbers_of([text], what)[0]


def numbers_of(texts: Sequence[str], what: str) -> list[float]:
    """Finite numbers, without their standard uncertainties.

    Raises
    ------
    Unusable
        If a text is not such a number; names the first.
    """
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        numbers = [_number_or_nan(text) for text in texts]
    joined = "".join(texts)
    if not all(map(math.isfinite, numbers)) or "_" in joined or not joined.isascii():
        # Python accepts more than CIF does: `1_0`, `inf`, digits of other scripts.
        culprit = next(
            text
            for text, number in zip(texts, numbers, strict=True)
            if not math.isfinite(number) or "_" in text or not text.isascii()
        )
        raise Unusable("unreadable", f"{what} is {culprit[:40]!r}, not a number")
    return numbers


def _number_or_nan(text: str) -> float:
    try:
        return float(_UNCERTAINTY.sub("", text))
    except ValueError:
        return math.nan


def read_blocks(text: str) -> list[Block | Unusable]:
    """All blocks of a text in their order; those that gemmi cannot parse as `Unusable`.

    A header inside a text field, a comment or quotes begins no block. Block names may repeat.

    Raises
    ------
    Unusable
        If there is no block.
    """
    text = _clean(text)
    try:
        blocks: list[Block | Unusable] = [Block(block) for block in _parse(text)]
    except (ValueError, RuntimeError) as error:
        parts = split_blocks(text)
        if not parts or len(parts) > MAX_BLOCKS:
            raise Unusable("unreadable", f"not a valid CIF: {_cause(error)}") from None
        return [*(_read_part(part, line) for part, line in parts), *_in_open_field(text)]
    if not blocks:
        raise Unusable("unreadable", "not a valid CIF: it holds no block (data_)")
    return blocks


def split_blocks(text: str) -> list[tuple[str, int]]:
    """Texts of the blocks of a CIF, each with the number of lines before it."""
    starts = [m.start() for m in _TOKEN.finditer(text) if _HEADER.fullmatch(m.group())]
    parts, line = [], text.count("\n", 0, starts[0]) if starts else 0
    for first, last in itertools.pairwise([*starts, len(text)]):
        parts.append((text[first:last], line))
        line += text.count("\n", first, last)
    return parts


def _in_open_field(text: str) -> list[Unusable]:
    """A fault for each block header inside a text field that is never closed.

    Such a field extends to the end of the text, and whole blocks in it would be lost uncounted.
    They are not read, since they may be text.
    """
    field = next((m for m in _TOKEN.finditer(text) if m["end"] == ""), None)
    if field is None:
        return []
    begin = text.count("\n", 0, field.start()) + 1
    faults = []
    for number, line in enumerate(field.group().split("\n"), start=begin):
        name = next(iter(line.split(maxsplit=1)), "")
        if number > begin and _HEADER.fullmatch(name):
            what = (
                f"{name[:40]} (from line {number}): in a text field of line {begin}, never closed"
            )
            faults.append(Unusable("unreadable", what))
    return faults[:MAX_BLOCKS]


def _read_part(text: str, line: int) -> Block | Unusable:
    try:
        (block,) = _parse(text)
    except (ValueError, RuntimeError) as error:
        name = text.split(maxsplit=1)[0]
        return Unusable(
            "unreadable", f"{name[:40]} (from line {line + 1}): not a valid CIF: {_cause(error)}"
        )
    return Block(block)


def _parse(text: str) -> cif.Document:
    # Level 0 leaves repeated names to this module: only those that are read matter.
    return cif.read_string(text, 0)


def _cause(error: Exception) -> str:
    return str(error).removeprefix("string:")


def _clean(text: str) -> str:
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        # Authors' names; gemmi accepts them in quotes only. No number and no element has a "~".
        text = "".join(letter if letter < "\x80" else "~" for letter in text)
    return text
