"""Documents saved from a service: lists, JSON lines, or whole answers."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path

from matdata.core.errors import SourceError
from matdata.sources.readers.json_text import Damaged, Item, JsonText, decode, opened
from matdata.sources.readers.opening import open_text, plain_suffix

LINES = (".jsonl", ".ndjson")
LEVELS = 5  # objects around a list of data, at most
Opened = Callable[[], contextlib.AbstractContextManager[JsonText]]


def read_documents(path: Path) -> Iterator[Item]:
    """JSON objects of a file, compressed or not, one by one; `Damaged` in place of invalid ones.

    The file is a JSON list, JSON lines, or an answer of a service (or several, nested in objects)
    whose lists are under ``data``. All are read as a stream.

    Raises
    ------
    SourceError
        If there is no such file, or it is not complete JSON.
    """
    if not path.is_file():
        raise SourceError(f"there is no file {path}", next_step="check the path")
    items = _lines(path) if plain_suffix(path) in LINES else _documents(partial(opened, path))
    for item in items:
        if isinstance(item.value, (dict, Damaged)):
            yield item
        else:
            yield Item(Damaged(f"expected a JSON object, got {type(item.value).__name__}"), 0)


def read_list(path: Path, key: str) -> Iterator[Item]:
    """The items of the list under one key of a JSON object, read as a stream.

    Raises
    ------
    SourceError
        If there is no such file, no such list, or it is not whole JSON.
    """
    with opened(path) as text:
        lists = 0
        for name in text.members():
            if name == key and text.peek() == "[":
                yield from text.values()
                lists += 1
            else:
                text.skip()
        text.end()
    if not lists:
        raise SourceError(
            f"{path} holds no list {key!r}",
            cause="a file of another kind",
            next_step="check that it is the one that was published",
        )


def _lines(path: Path) -> Iterator[Item]:
    with open_text(path) as file:
        for number, line in enumerate(file, start=1):
            name = f"{path}, line {number}"
            if '"data"' in line:  # an answer with many documents
                try:
                    yield from _documents(partial(_line, line, name))
                except SourceError as error:  # the next line may be intact
                    yield Item(Damaged(error.what), 0)
            elif line.strip():
                item = decode(line)
                damaged = isinstance(item.value, Damaged)
                yield Item(Damaged(f"line {number}: {item.value.message}"), 0) if damaged else item


def _line(line: str, name: str) -> contextlib.AbstractContextManager[JsonText]:
    return contextlib.nullcontext(JsonText(io.StringIO(line), name))


def _documents(opened: Opened) -> Iterator[Item]:
    """The items of a list, of all lists under ``data``, or the object itself."""
    with opened() as text:
        has_lists = text.peek() == "["
        if has_lists:
            yield from text.values()
        else:
            has_lists = yield from _data(text, LEVELS)
        text.end()
    if not has_lists:
        with opened() as text:
            yield text.value()


def _data(text: JsonText, levels: int) -> Generator[Item, None, bool]:
    """Items of the lists under ``data`` in the object that begins here; whether there is one."""
    has_lists = False
    for key in text.members():
        begins = text.peek()
        if key == "data" and begins == "[":
            yield from text.values()
            has_lists = True
        elif begins == "{" and levels:
            has_lists = (yield from _data(text, levels - 1)) or has_lists
        else:
            text.skip()
    return has_lists
