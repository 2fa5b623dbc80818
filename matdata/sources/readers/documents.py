"""Documents that somebody saved from a service: lists, JSON lines, or whole answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matdata.errors import SourceError
from matdata.sources.readers.base import open_binary, open_text, plain_suffix, readable
from matdata.sources.readers.records import json_items

LINES = (".jsonl", ".ndjson")


def read_documents(path: Path) -> Iterator[dict[str, Any]]:
    """JSON objects of a file, compressed or not, one by one.

    The file is a JSON list, JSON lines, or an answer of a service (or several, nested in objects)
    whose lists stand under ``data``. Lists and lines are read as a stream.

    Raises
    ------
    SourceError
        If there is no such file, or it is not whole JSON.
    """
    import ijson

    if not path.is_file():
        raise SourceError(f"there is no file {path}", next_step="check the path")
    try:
        with readable(path):
            if plain_suffix(path) in LINES:
                found = _lines(path)
            elif _first(path) == b"[":
                found = json_items(path, "item")
            else:
                with open_text(path) as file:
                    found = _answers(json.load(file))
            for one in found:
                if isinstance(one, dict):
                    yield one
    except (ijson.JSONError, ValueError) as error:
        raise SourceError(
            f"{path} is not whole JSON: {error}",
            cause="a truncated copy, or a file of another kind",
            next_step="save it again",
        ) from error


def _first(path: Path) -> bytes:
    with open_binary(path) as file:
        return file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]


def _lines(path: Path) -> Iterator[Any]:
    with open_text(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                yield from _answers(json.loads(line))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error


def _answers(value: Any) -> Iterator[Any]:
    """The objects of a list, of all lists under ``data``, or the object itself."""
    if isinstance(value, list):
        yield from value
        return
    lists = list(_lists(value)) if isinstance(value, dict) else []
    yield from (one for found in lists for one in found)
    if not lists:
        yield value


def _lists(value: dict[str, Any], depth: int = 5) -> Iterator[list[Any]]:
    for key, inner in value.items():
        if key == "data" and isinstance(inner, list):
            yield inner
        elif isinstance(inner, dict) and depth:
            yield from _lists(inner, depth - 1)
