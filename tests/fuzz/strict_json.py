"""Independent readers of the JSON kinds, with the json module alone."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fuzz.records import Broken, Entry, Reading, Record, Refused
from fuzz.strict_text import content

Document = Mapping[str, Any]
MAX_LABEL = 200  # characters of a label that must be taken for an id


def parsed(text: str) -> Any:
    """The value of a JSON text; NaN and Infinity are read as Python writes them."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Broken(f"not JSON: {str(error)[:60]}") from None


def parsed_lines(text: str) -> list[Any]:
    """The value of each line that is not blank, `Broken` where a line is no JSON."""
    return _each([line for line in io.StringIO(text, newline="") if line.strip()])


def entries_of(documents: Sequence[Any], make: Callable[[Document], Record]) -> tuple[Entry, ...]:
    """An entry a document; what is no object is refused."""
    found = []
    for document in documents:
        if isinstance(document, Mapping):
            made = content(lambda document=document: make(document))
        else:
            made = Refused("no object")
        found.append(Entry(_raw(document), made))
    return tuple(found)


def _raw(document: Any) -> str:
    try:
        return json.dumps(document, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return repr(document)[:2000]


def json_list(text: str, make: Callable[[Document], Record]) -> Reading:
    """A list of documents; of a damaged one, the elements that are whole."""
    try:
        value = parsed(text)
    except Broken:
        return damaged_list(text, make)
    if not isinstance(value, list):
        raise Broken("no list")
    # What is no UTF-8 may end the reading of a stream.
    return Reading(entries_of(value, make), "\ufffd" if "\ufffd" in text else "")


def damaged_list(text: str, make: Callable[[Document], Record]) -> Reading:
    """Elements between the commas of a list that is closed, each by itself.

    Where quotations or brackets are damaged nobody knows how many there are.

    Raises
    ------
    Broken
        If it is no list, or not closed.
    """
    parts = _elements(text.strip())
    if parts is None:
        raise Broken("no list, or one that is cut")
    return Reading(entries_of(_each(parts), make), "damaged", counted=False)


def _each(parts: Sequence[str]) -> list[Any]:
    """The value of each text, `Broken` where it is no JSON."""
    values: list[Any] = []
    for part in parts:
        try:
            values.append(parsed(part))
        except Broken as error:
            values.append(error)
    return values


def _elements(text: str) -> list[str] | None:
    if not text.startswith("["):
        return None
    depth, start, quoted, parts, place = 0, 1, False, [], 0
    while place < len(text):
        mark = text[place]
        if quoted:
            place += mark == "\\"
            quoted = mark != '"'
        elif mark == '"':
            quoted = True
        elif mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
        if not quoted and (depth == 0 or (depth == 1 and mark == ",")):
            parts.append(text[start:place])
            start = place + 1
        if depth == 0:
            return parts
        place += 1
    return None


def json_lines(text: str, make: Callable[[Document], Record]) -> Reading:
    """A document a line."""
    values = parsed_lines(text)
    if not values:
        raise Broken("no line")
    return Reading(entries_of(values, make))


def json_split(text: str, make: Callable[[Document], Record]) -> Reading:
    """pandas' "split" form; of damaged data, the rows that are whole."""
    odd = "\ufffd" if "\ufffd" in text else ""
    try:
        value = parsed(text)
    except Broken:
        columns, data = _damaged_split(text)
        index, odd, counted = [], "damaged", False
    else:
        if not isinstance(value, dict):
            raise Broken("no object")
        columns, data, index = (value.get(key) for key in ("columns", "data", "index"))
        if not all(isinstance(one, list) for one in (index, columns, data)):
            raise Broken("not the split form")
        if len(index) != len(data):
            raise Broken("index and data do not fit")
        counted = True
    if "structure" not in columns or len(columns) > len(set(map(str, columns))):
        raise Broken("columns that do not fit")
    rows = [
        dict(zip(columns, row, strict=True))
        if isinstance(row, list) and len(row) == len(columns)
        else row
        for row in data
    ]
    entries = entries_of(rows, make)
    labelled = itertools.zip_longest(entries, index, fillvalue=0)
    entries = tuple(entry if _names(label) else _touched(entry) for entry, label in labelled)
    return Reading(entries, repr(columns) + odd, counted)


def _names(label: Any) -> bool:
    """Whether a label of a row can be its id: a row without one may be refused, with a reason."""
    if isinstance(label, str):
        return bool(label.strip()) and label.isprintable() and len(label) < MAX_LABEL
    return isinstance(label, int)


def _touched(entry: Entry) -> Entry:
    return replace(entry, raw="a label that is no id: " + entry.raw)


def _damaged_split(text: str) -> tuple[list[Any], list[Any]]:
    found = re.search(r'"columns":\s*(\[[^\]]*\])', text)
    data = text.partition('"data":')[2].strip()
    parts = _elements(data)
    if found is None or parts is None:
        raise Broken("not the split form, or one that is cut")
    return parsed(found[1]), _each(parts)
