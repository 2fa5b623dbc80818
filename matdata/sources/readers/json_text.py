"""Incremental JSON reader: containers are traversed, values are decoded one at a time.

Memory is bounded by one value, for files of any size, and a value that cannot be decoded is one
damaged item among others. ``NaN`` and ``Infinity`` are accepted as written by Python.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError
from matdata.core.ledger import Unusable
from matdata.sources.limits import CHUNK_WEIGHT, MAX_DEPTH, MAX_LINE, MAX_RECORD, MIB
from matdata.sources.readers.opening import open_text

PIECE = 1 << 18  # characters read at a time
SPACE = re.compile(r"[ \t\r\n]*")
#: A string; group 1 is its closing quote, empty at the end of the buffer. Or brackets.
TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*("?)|[\[{]+|[\]}]+', re.DOTALL)
END_OF_WORD = re.compile(r"[,\]}]")
CONTAINER, SLOT = 64, 32  # approximate bytes of Python objects


class Damaged(NamedTuple):
    """Placeholder of a value that could not be decoded."""

    message: str


class Item(NamedTuple):
    """A value, and its approximate size in memory, bytes."""

    value: Any
    weight: int


def decode(text: str) -> Item:
    """The value of a JSON text, or `Damaged` in its place."""
    if len(text) > MAX_RECORD:
        return Item(Damaged(f"longer than {MAX_RECORD // MIB} MiB of JSON"), 0)
    try:
        value = json.loads(text)
        if _overflows(value):
            value = json.loads(text, parse_float=_number_or_text)
        return sized_item(value)
    except RecursionError:
        return Item(Damaged(f"nested deeper than {MAX_DEPTH} levels"), 0)
    except ValueError as error:
        return Item(Damaged(f"not JSON: {error}"), 0)


def _overflows(value: object) -> bool:
    """Whether a cell of a record, or of one level below, is infinite."""
    cells = value.values() if type(value) is dict else value if type(value) is list else ()
    if math.inf in cells or -math.inf in cells:
        return True
    inner = [cell.values() for cell in cells if type(cell) is dict]
    return any(math.inf in one or -math.inf in one for one in inner)


def _number_or_text(text: str) -> float | str:
    """A number that no float64 holds (``1e400``) as it is written, as in a CSV file."""
    number = float(text)
    return text if math.isinf(number) else number


def sized_item(value: object) -> Item:
    """A value with its size in memory; `Damaged` in its place if it is too large or too deep."""
    weight, level = SLOT, [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        inner = []
        for container in level:
            weight += CONTAINER + SLOT * len(container)
            if type(container) is list and {float}.issuperset(map(type, container)):
                continue
            for entry in container.values() if type(container) is dict else container:
                if type(entry) is str:
                    weight += len(entry)
                elif type(entry) is dict or type(entry) is list:
                    inner.append(entry)
        if weight > CHUNK_WEIGHT:
            return Item(Damaged(f"more than {CHUNK_WEIGHT // MIB} MiB in memory"), 0)
        if not inner:
            return Item(value, weight)
        level = inner
    return Item(Damaged(f"nested deeper than {MAX_DEPTH} levels"), 0)


def require_object(value: object) -> JsonObject:
    """The value, if it is a decoded JSON object.

    Raises
    ------
    Unusable
        If it is not; states what it is instead.
    """
    if isinstance(value, Damaged):
        raise Unusable("unreadable", value.message)
    if not isinstance(value, dict):
        raise Unusable("unreadable", f"expected a JSON object, got {type(value).__name__}")
    return value


def sampled(
    items: Iterable[Item], values_of: Callable[[JsonObject], JsonObject]
) -> list[JsonObject]:
    """The values of the readable items, from which columns are inferred."""
    values = []
    for item in items:
        with contextlib.suppress(Unusable):
            values.append(values_of(require_object(item.value)))
    return values


class JsonText:
    """A JSON text and the position of the reader.

    Parameters
    ----------
    file
        The text.
    name
        Its name, for messages.
    """

    def __init__(self, file: IO[str], name: str) -> None:
        self._file, self.name = file, name
        self._buffer, self._at, self._before, self._ended = "", 0, 0, False
        self._decoder = json.JSONDecoder()

    def _more(self, least: int = PIECE) -> bool:
        """Read more text, and drop the consumed part of the buffer."""
        piece = "" if self._ended else self._file.read(max(PIECE, least))
        self._before += self._at
        self._buffer, self._at = self._buffer[self._at :] + piece, 0
        self._ended = not piece
        return bool(piece)

    def _broken(self, what: str) -> SourceError:
        return SourceError(
            f"{self.name} is not complete JSON: {what}, after character "
            f"{self._before + self._at:,}",
            cause="a truncated download or copy, a changed byte, or a file of another kind",
            next_step="compare it with the original, or download the file again",
        )

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            match = SPACE.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def _take(self, expected: str) -> str:
        character = self.peek()
        if not character or character not in expected:
            got = repr(character) if character else "its end"
            raise self._broken(f"expected {' or '.join(map(repr, expected))}, got {got}")
        self._at += 1
        return character

    def items(self) -> Iterator[JsonText]:
        """Advance to each item of a list in turn; the caller reads or skips it."""
        self._take("[")
        if self.peek() == "]":
            self._at += 1
            return
        yield self
        while self._take(",]") == ",":
            yield self

    def members(self) -> Iterator[str]:
        """Each key of an object in turn; the caller reads or skips its value.

        Raises
        ------
        SourceError
            If the text is not a complete JSON object.
        """
        self._take("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            key = self.value().value
            if not isinstance(key, str):
                raise self._broken("a key of an object is not text")
            self._take(":")
            yield key
            if self._take(",}") == "}":
                return

    def values(self) -> Iterator[Item]:
        """The items of a list, decoded."""
        return (text.value() for text in self.items())

    def value(self) -> Item:
        """Decode one value; invalid JSON within its brackets is `Damaged`.

        Raises
        ------
        SourceError
            If its end cannot be found: the following text is then ambiguous.
        """
        self.peek()
        try:
            decoded, end = self._decoder.raw_decode(self._buffer, self._at)
        except (ValueError, RecursionError):  # damaged, or not yet read to its end
            return decode(self._span())
        may_continue = end == len(self._buffer) and not self._ended  # a number
        if may_continue or end - self._at > MAX_RECORD:
            return decode(self._span())
        if _overflows(decoded):
            return decode(self._span())
        self._at = end
        return sized_item(decoded)

    def end(self) -> None:
        """Check that the text is at its end.

        Raises
        ------
        SourceError
            If more text follows.
        """
        if self.peek():
            raise self._broken("there is more text after its end")

    def skip(self) -> None:
        """Skip a value of any size."""
        self.peek()
        for _ in self._pieces():
            pass

    def _span(self) -> str:
        """The text of the value that begins here, truncated if it is too long."""
        pieces, length = [], 0
        for piece in self._pieces():
            length += len(piece)
            if length <= MAX_RECORD + PIECE:
                pieces.append(piece)
            elif length > MAX_LINE:
                raise self._broken(f"a value is longer than {MAX_LINE // MIB} MiB")
        return "".join(pieces)

    def _pieces(self) -> Iterator[str]:
        """The text of a value in pieces, each consumed before it is yielded."""
        depth = 0
        begins = self._buffer[self._at : self._at + 1]
        while True:
            if begins in ("[", "{", '"'):
                end, stop, depth = self._scan(depth)
            else:  # a number or a word, which ends where the enclosing list or object continues
                match = END_OF_WORD.search(self._buffer, self._at)
                end, stop = match is not None, match.start() if match else len(self._buffer)
            piece = self._buffer[self._at : stop]
            self._at = stop
            yield piece
            if end:
                return
            if len(self._buffer) - self._at > MAX_RECORD:
                raise self._broken(f"a text is longer than {MAX_RECORD // MIB} MiB")
            if not self._more(len(self._buffer) - self._at):
                if begins in ("[", "{", '"'):
                    raise self._broken("it ends within a value")
                return

    def _scan(self, depth: int) -> tuple[bool, int, int]:
        """Whether the value ends in the buffer, the end of the scan, and the depth there."""
        for match in TOKEN.finditer(self._buffer, self._at):
            mark = self._buffer[match.start()]
            if mark == '"':
                if not match[1]:
                    return False, match.start(), depth
                if depth == 0:
                    return True, match.end(), depth
            elif mark in "[{":
                depth += len(match[0])
            elif len(match[0]) >= depth:
                return True, match.start() + depth, 0
            else:
                depth -= len(match[0])
        return False, len(self._buffer), depth


@contextlib.contextmanager
def opened(path: Path) -> Iterator[JsonText]:
    """Open a JSON file, compressed or not, for traversal."""
    with open_text(path) as file:
        yield JsonText(file, str(path))
