"""Damage to bytes and to documents; a function of a random generator and nothing else."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable
from typing import Any

NUMBER = re.compile(rb"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
WORD = re.compile(rb"[A-Za-z_][\w.\-]*")
ODD_NUMBERS = (
    b"NaN", b"nan", b"Infinity", b"-Infinity", b"inf", b"1e400", b"-1e308", b"1e-320", b"", b"-",
    b"0", b"-0", b"1", b"2", b"-1", b"1/2", b"1_000", b"1,5", b"0x10", b"1e", b"1.2.3", b"null",
    b"true", b'"0.5"', b"9" * 25, b"9" * 400, b"9" * 5000, b"-99999", b"5e998877", b"007",
)  # fmt: skip
ODD_BYTES = (
    b"\x00", b"\xff", b"\xc3", b"\xc3\xa9", b"\xe2\x82\xac", b"\xed\xa0\x80", b"\xef\xbb\xbf",
    b"\x1b[31m", b"\r", b"\r\n", b"\x0b", b"\x1a", b"\xa0", b"\xe2\x80\xa8", b"\\ud800", b"\\u0000",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, "", "na", "x", "1.5", [], [[]], {}, {"a": 1}, [None], [1, 2, 3],
    10**30, 10**400, float("nan"), float("inf"), "\x00", "\ud800", "é", "=1+1", [[1, 2], [3]],
)  # fmt: skip
DEEP = 30_000
HEAVY = 4000  # bytes that one operation inserts by copying, at most

Change = Callable[[random.Random, bytes], bytes]


def flip(rng: random.Random, data: bytes) -> bytes:
    """Flip a bit, or give one byte another value."""
    place = rng.randrange(len(data))
    byte = data[place] ^ (1 << rng.randrange(8)) if rng.random() < 0.5 else rng.randrange(256)
    return data[:place] + bytes([byte]) + data[place + 1 :]


def delete(rng: random.Random, data: bytes) -> bytes:
    """Delete a few bytes."""
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.choice((1, 1, 2, 5, 20, 200)) :]


def insert(rng: random.Random, data: bytes) -> bytes:
    """Insert a few bytes of the printable ones, or of those with a meaning."""
    start = rng.randrange(len(data) + 1)
    marks = b"\"'{}[](),:;#_-+. \t\n0123456789eENaxyz"
    return data[:start] + bytes(rng.choices(marks, k=rng.choice((1, 1, 2, 4)))) + data[start:]


def duplicate(rng: random.Random, data: bytes) -> bytes:
    """Write a slice twice, here or elsewhere."""
    start, place = rng.randrange(len(data)), rng.randrange(len(data) + 1)
    part = data[start : start + rng.choice((1, 3, 10, 100, HEAVY))]
    place = start if rng.random() < 0.5 else place
    return data[:place] + part + data[place:]


def truncate(rng: random.Random, data: bytes) -> bytes:
    """Cut the end off."""
    return data[: rng.randrange(len(data))]


def swap_lines(rng: random.Random, data: bytes) -> bytes:
    """Exchange two lines, or write one twice, or drop one."""
    lines = data.splitlines(keepends=True)
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    how = rng.randrange(3)
    if how == 0:
        lines[one], lines[other] = lines[other], lines[one]
    elif how == 1:
        lines.insert(other, lines[one])
    else:
        del lines[one]
    return b"".join(lines)


def edit_number(rng: random.Random, data: bytes) -> bytes:
    """Write another number, or something near one, in place of a number."""
    found = list(NUMBER.finditer(data))
    if not found:
        return flip(rng, data)
    old = rng.choice(found)
    text = old[0]
    digit = rng.randrange(len(text))
    near = (
        b"-" + text.lstrip(b"+-"), text + b"0", text + b"e3", text + b"e-7", b"+" + text,
        text[:digit] + b"%d" % rng.randrange(10) + text[digit + 1 :], text.replace(b".", b","),
        text.replace(b".", b""), text + b"(3)", text[:digit],
    )  # fmt: skip
    new = rng.choice(near if rng.random() < 0.5 else ODD_NUMBERS)
    return data[: old.start()] + new + data[old.end() :]


def swap_tokens(rng: random.Random, data: bytes) -> bytes:
    """Exchange two words, or write one in place of another."""
    found = list(WORD.finditer(data))
    if len(found) < 2:
        return flip(rng, data)
    one, other = sorted(rng.sample(found, 2), key=lambda match: match.start())
    middle, back = data[one.end() : other.start()], rng.choice((one[0], other[0]))
    return data[: one.start()] + other[0] + middle + back + data[other.end() :]


def nest(rng: random.Random, data: bytes) -> bytes:
    """Open very many brackets."""
    start = rng.randrange(len(data) + 1)
    opened = rng.choice((b"[", b'{"a":', b"("))
    closed = rng.choice((b"", {b"[": b"]", b"(": b")"}.get(opened, b"}") * DEEP))
    return data[:start] + opened * DEEP + b"1" + closed + data[start:]


def encode(rng: random.Random, data: bytes) -> bytes:
    """Insert bytes that are no text, or text with a meaning of its own; or encode anew."""
    if rng.random() < 0.1:
        return data.decode("utf-8", "replace").encode(rng.choice(("utf-16", "utf-32-le")))
    start = rng.randrange(len(data) + 1)
    return data[:start] + rng.choice(ODD_BYTES) + data[start:]


def restructure(rng: random.Random, data: bytes) -> bytes:
    """Change the documents of a JSON text: drop, rename, repeat or replace a value."""
    lines = data.splitlines() if b"\n{" in data else [data]
    which = rng.randrange(len(lines))
    try:
        document = json.loads(lines[which])
    except (ValueError, RecursionError):
        return edit_number(rng, data)
    places = list(_places(document, 0))
    if not places:
        return edit_number(rng, data)
    _change(rng, *rng.choice(places))
    lines[which] = json.dumps(document).encode("utf-8", "surrogatepass")
    return b"\n".join(lines) + (b"\n" if len(lines) > 1 else b"")


def _places(value: Any, depth: int) -> Any:
    """Every (container, key); those near the top several times, so that they are drawn too."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in list(inner):
        yield from [(value, key)] * max(1, 6 - 2 * depth)
        if isinstance(one, (dict, list)):
            yield from _places(one, depth + 1)


def _change(rng: random.Random, holder: Any, key: Any) -> None:
    how = rng.randrange(5)
    if how == 0:
        del holder[key]
    elif how == 1 and isinstance(holder, list):
        holder.insert(rng.randrange(len(holder) + 1), copy.deepcopy(holder[key]))
    elif how == 1:
        holder[rng.choice(("x", key.upper(), key + " ", ""))] = holder.pop(key)
    elif how == 2:
        others = list(holder) if isinstance(holder, dict) else range(len(holder))
        holder[key] = copy.deepcopy(holder[rng.choice(list(others))])
    else:
        holder[key] = copy.deepcopy(rng.choice(ODD_VALUES))


TEXT: tuple[tuple[Change, float], ...] = (
    (flip, 2), (delete, 2), (insert, 2), (duplicate, 1.5), (truncate, 0.7), (swap_lines, 1),
    (edit_number, 4), (swap_tokens, 1.5), (nest, 0.3), (encode, 1.5),
)  # fmt: skip
BYTES: tuple[tuple[Change, float], ...] = (
    (flip, 5), (delete, 1), (insert, 1), (duplicate, 1), (truncate, 1),
)  # fmt: skip


def mutated(rng: random.Random, data: bytes, *, container: bool = False) -> tuple[bytes, str]:
    """Damage bytes once; returns them with the name of what was done."""
    if not data:
        return b"\x00", "nothing"
    menu = list(BYTES if container else TEXT)
    if not container and data.lstrip()[:1] in (b"[", b"{"):
        menu.append((restructure, 6))
    change = rng.choices([one for one, _ in menu], [weight for _, weight in menu])[0]
    return change(rng, data), change.__name__
