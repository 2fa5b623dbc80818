"""The comment line of an extended XYZ frame as text, before any conversion to numbers."""

from __future__ import annotations

import re

from matdata.core.ledger import Unusable

CLOSING = {"'": "'", '"': '"', "{": "}", "[": "]"}
_QUOTED = re.compile(
    r"""\\.|\{[^}]*\}|\[[^\]]*\]|'[^']*'|(?P<before>[^\s=])?"(?:\\.|[^"\\])*"(?P<after>[^\s=])?"""
)


def require_whole_words(comment: str) -> None:
    """Reject a comment line in which a double quote begins or ends within a word.

    Raises
    ------
    Unusable
        If one does: a stray quote joins or separates words that the writer did not.
    """
    for quoted in _QUOTED.finditer(comment):
        if quoted["before"] or quoted["after"]:
            raise Unusable("unreadable", f"a quote is within a word: {quoted[0]:.60}")


def comment_texts(comment: str) -> dict[str, str]:
    """Values of a comment line by key, as written: ``007`` is not 7, nor ``T`` true.

    Keys and values are separated as in ASE: quotes and brackets protect blanks, a backslash
    escapes the next sign, blanks may surround ``=``. A key without a value has the empty text.
    """
    items: list[list[str]] = []  # [key] or [key, value]
    for part, joined in _parts(comment):
        if joined and items and len(items[-1]) == 1:
            items[-1].append(part)
        elif joined and items:
            items[-1][1] += f"={part}"
        else:
            items.append([part])
    return {item[0]: item[1] if len(item) == 2 else "" for item in items}


def _parts(comment: str) -> list[tuple[str, bool]]:
    """Words of the line, and whether an equals sign precedes each."""
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
    return parts
