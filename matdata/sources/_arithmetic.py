"""Arithmetic of amounts in formulas: numbers, variables, ``+ - * /`` and brackets; nothing else.

::

    sum     = product { ("+" | "-") product }
    product = factor { ("*" | "/") factor }
    factor  = ("+" | "-") factor | number | variable | "(" sum ")"
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from matdata.core.ledger import Unusable

MAX_LENGTH = 500  # characters of an expression
MAX_DEPTH = 32  # brackets and signs within each other
_PLAIN = re.compile(r"[0-9]{1,15}(?:\.[0-9]{0,15})?")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[^\W\d]\w*)|(?P<sign>[-+*/()]))"
)


def evaluate(text: str, variables: Mapping[str, float]) -> float:
    """The value of an expression.

    Parameters
    ----------
    text
        The expression: ``0.5-0.5*x``.
    variables
        Values by name.

    Raises
    ------
    Unusable
        With the reason ``unresolved_variable`` if a variable has no value, else ``unparsable`` if
        the text is no expression of the grammar, is too long or too deep, or has no finite value.
    """
    if _PLAIN.fullmatch(text):
        return float(text)
    if len(text) > MAX_LENGTH:
        raise _unparsable(text, f"it has {len(text):,} characters, at most {MAX_LENGTH} are read")
    value = _Reader(text, variables).whole()
    if not math.isfinite(value):
        raise _unparsable(text, "its value is not finite")
    return value


def _unparsable(text: str, why: str) -> Unusable:
    shown = text if len(text) <= 60 else f"{text[:60]}…"
    return Unusable("unparsable", f"the amount {shown!r} cannot be read: {why}")


class _Reader:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str, variables: Mapping[str, float]) -> None:
        self._text, self._variables, self._depth = text, variables, 0
        self._tokens = self._read()
        self._next = next(self._tokens, "")

    def _read(self) -> Iterator[str]:
        text = self._text.rstrip()
        place = 0
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise _unparsable(self._text, f"{text[place:].strip()[:1]!r} is not understood")
            place = match.end()
            yield match[0].strip()

    def _take(self) -> str:
        taken, self._next = self._next, next(self._tokens, "")
        return taken

    def whole(self) -> float:
        value = self._sum()
        if self._next:
            raise _unparsable(self._text, f"{self._next!r} is not expected there")
        return value

    def _sum(self) -> float:
        value = self._product()
        while self._next in ("+", "-"):
            value += self._product() if self._take() == "+" else -self._product()
        return value

    def _product(self) -> float:
        value = self._factor()
        while self._next in ("*", "/"):
            if self._take() == "*":
                value *= self._factor()
                continue
            divisor = self._factor()
            if divisor == 0:
                raise _unparsable(self._text, "it divides by zero")
            value /= divisor
        return value

    def _factor(self) -> float:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _unparsable(self._text, f"it is nested deeper than {MAX_DEPTH} levels")
        value = self._inner()
        self._depth -= 1
        return value

    def _inner(self) -> float:
        token = self._take()
        if token == "-":
            return -self._factor()
        if token == "+":
            return self._factor()
        if token == "(":
            value = self._sum()
            if self._take() != ")":
                raise _unparsable(self._text, "a bracket is not closed")
            return value
        if not token:
            raise _unparsable(self._text, "it ends too early")
        if token[0].isdecimal() or token[0] == ".":
            return float(token)
        if token in ("*", "/", ")"):
            raise _unparsable(self._text, f"{token!r} is not expected there")
        if token not in self._variables:
            raise Unusable("unresolved_variable", f"{token} in {self._text!r} has no value")
        return self._variables[token]
