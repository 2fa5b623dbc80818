"""The comment line of an extended XYZ frame as text, before any conversion to numbers."""

from __future__ import annotations

import functools
import json
import re

from matdata.core.ledger import Unusable

MARK = "_JSON "  # of a value in JSON
CLOSING = {"'": "'", '"': '"', "{": "}", "[": "]"}
_QUOTED = re.compile(
    r"""\\.|\{[^}]*\}|\[[^\]]*\]|'[^']*'|(?P<before>[^\s=])?"(?:\\.|[^"\\])*"(?P<after>[^\s=])?"""
)


def require_unambiguous(comment: str) -> None:
    """Reject a comment line whose keys and values can be separated in several ways.

    Raises
    ------
    Unusable
        If a double quote begins or ends within a word (a stray one joins or separates words that
        the writer did not) or a quote or bracket is not closed, a value without quotes holds an
        equals sign (a blank is missing), or a key has two values.
    """
    opened = _parts(comment)[1]
    if opened:
        raise Unusable("unreadable", f"what {opened} opens is not closed: {comment[-60:]}")
    for quoted in _QUOTED.finditer(comment):
        if quoted["before"] or quoted["after"]:
            raise Unusable("unreadable", f"a quote is within a word: {quoted[0]:.60}")
    texts: dict[str, str] = {}
    for key, *values in _items(comment):
        if len(values) > 1:
            raise Unusable("unreadable", f"two equals signs in {'='.join([key, *values]):.60}")
        text = "".join(values)
        if texts.setdefault(key, text) != text:
            raise Unusable("unreadable", f"{key:.40} has two values")


def comment_texts(comment: str) -> dict[str, str]:
    """Values of a comment line by key, as written: ``007`` is not 7, nor ``T`` true.

    Keys and values are separated as in ASE: quotes and brackets protect blanks, a backslash
    escapes the next sign, blanks may surround ``=``. A key without a value has the empty text.
    """
    return {key: "=".join(values) for key, *values in _items(comment)}


def identity_in(comment: str, key: str) -> str | None:
    """The id that a comment line states, as written: ``007`` is not 7; None if it states none.

    ASE's mark of a text (``_JSON "…"``), which protects signs that have a meaning, is taken off.
    """
    text = comment_texts(comment).get(key)
    if text is None or not text.startswith(MARK):
        return text
    try:
        meant = json.loads(text.removeprefix(MARK))
    except ValueError:
        return text
    return meant if isinstance(meant, str) else text


@functools.lru_cache(maxsize=8)  # a frame's line is read for its values, its id and its columns
def _items(comment: str) -> tuple[tuple[str, ...], ...]:
    """Keys, each with what follows its equals signs."""
    items: list[list[str]] = []
    for part, joined in _parts(comment)[0]:
        if joined and items:
            items[-1].append(part)
        else:
            items.append([part])
    return tuple(map(tuple, items))


def _parts(comment: str) -> tuple[list[tuple[str, bool]], str]:
    """Words of the line and whether an equals sign precedes each; a sign that is not closed."""
    parts: list[tuple[str, bool]] = []
    signs: list[str] = []
    closing, escaped, joined = "", False, False
    for sign in comment.strip():
        if escaped:
            signs.append(sign)
            escaped = False
        elif sign == "\\":
            escaped = True
        elif closing:
            if sign == closing:
                closing = ""
            else:
                signs.append(sign)
        elif sign in CLOSING:
            closing = CLOSING[sign]
        elif not sign.isspace() and sign != "=":
            signs.append(sign)
        else:
            if signs or (sign == "=" and joined):
                parts.append(("".join(signs), joined))
                signs, joined = [], False
            joined = joined or sign == "="
    if signs or joined:
        parts.append(("".join(signs), joined))
    return parts, next((sign for sign, end in CLOSING.items() if end == closing), "")
