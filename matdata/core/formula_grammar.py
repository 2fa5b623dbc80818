"""The grammar of chemical formulas: units, brackets, and parts with a multiplier.

A level (the formula, or the content of a bracket) is a sum of parts, separated by a dot or a blank
before a multiplier; a part is a sequence of units; a unit is an element or a bracket with its
amount.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NoReturn

from matdata.core import elements
from matdata.core.errors import StructureError

Amounts = dict[int, float]
Token = re.Match[str]

MAX_DEPTH = 50  # brackets within brackets
SHOWN = 60  # characters of a formula in a message
NUMBER = r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+"
_TOKEN = re.compile(
    rf"(?P<blank>\s*)(?:(?P<element>[A-Z][a-z]?)(?P<amount>{NUMBER})?|(?P<number>{NUMBER})"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<dot>[.*·•∙⋅‧・]))"
)
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_BEGIN_UNITS = ("element", "amount", "open")  # tokens that can follow a multiplier
_CAUSES = (
    (re.compile(r"[nmxyzδ]"), "an amount that is a variable, not a number"),
    (re.compile(r"[-+±−–—]"), "a negative amount, a range, a mixture, or a charge in the middle"),
    (re.compile(r"[\^⁰¹²³⁴-⁹⁺⁻]"), "an isotope, or a charge in the middle"),
    (re.compile(r","), "a decimal comma, or several formulas"),
)
_UNKNOWN = "not a chemical formula, or a notation that matdata does not know"


def totals(formula: str, text: str) -> Amounts:
    """Amounts of all elements of a formula, zeros included.

    Parameters
    ----------
    formula
        The original text, for messages.
    text
        The text without its charge.

    Raises
    ------
    StructureError
        If the text cannot be parsed (the message shows where) or is ambiguous.
    """
    return _Parser(formula, text).totals()


@dataclass
class _Level:
    """The content of one bracket: the sum of the finished parts, and the part being read."""

    bracket: str = ""
    totals: Amounts = field(default_factory=dict)
    part: Amounts = field(default_factory=dict)
    unit: Amounts | None = None  # the last element or bracket, until its amount is read
    factor: float | None = None  # multiplier of the part
    parts: int = 1
    decimal: bool = False  # whether the last amount is written with a point

    @property
    def empty(self) -> bool:
        """Whether nothing of the part has been read yet."""
        return not self.part and self.unit is None

    def add(self, unit: Amounts) -> None:
        """Begin an element or a bracket."""
        if self.unit is not None:
            self.count(1.0)
        self.unit = unit

    def count(self, amount: float, is_decimal: bool = False) -> None:
        """Give the last element or bracket its amount."""
        _add(self.part, self.unit or {}, amount)
        self.unit, self.decimal = None, is_decimal

    def end_part(self) -> None:
        """End the part, and begin the next."""
        if self.unit is not None:
            self.count(1.0)
        _add(self.totals, self.part, 1.0 if self.factor is None else self.factor)
        self.part, self.factor = {}, None
        self.parts += 1


def _add(totals: Amounts, amounts: Amounts, factor: float) -> None:
    for number, amount in amounts.items():
        totals[number] = totals.get(number, 0.0) + amount * factor


class _Parser:
    """Parses one formula from left to right, brackets on a stack."""

    def __init__(self, formula: str, text: str) -> None:
        self.formula = formula
        self.text = text
        self.levels = [_Level()]

    def totals(self) -> Amounts:
        """Amounts of the whole formula, zeros included."""
        position = 0
        for token in _TOKEN.finditer(self.text):
            if token.start() != position:
                break
            position = token.end()
            kind = token.lastgroup
            if kind in ("element", "amount"):
                self._element(token)
            elif kind == "number":
                self._number(token)
            elif kind == "open":
                self._open(token)
            elif kind == "close":
                self._close(token)
            else:
                self._separator(token)
        if position != len(self.text):
            self._unreadable(position)
        if len(self.levels) != 1:
            refuse(self.formula, "a bracket is opened and never closed")
        return self._finished(self.levels[0], len(self.text))

    def _begin(self, token: Token) -> None:
        level = self.levels[-1]
        if token["blank"] and level.factor is not None and not level.empty:
            self._doubt(token, "the number before may count all that follows, or up to the blank")

    def _element(self, token: Token) -> None:
        self._begin(token)
        try:
            number = elements.atomic_number(token["element"])
        except StructureError as error:
            refuse(self.formula, error.what)
        level, digits = self.levels[-1], token["amount"]
        level.add({number: 1.0})
        if digits:
            level.count(float(digits), "." in digits)

    def _open(self, token: Token) -> None:
        self._begin(token)
        if len(self.levels) > MAX_DEPTH:
            refuse(self.formula, f"has more than {MAX_DEPTH} brackets within brackets")
        self.levels.append(_Level(token["open"]))

    def _number(self, token: Token) -> None:
        level, digits = self.levels[-1], token["number"]
        amount, is_decimal = float(digits), "." in digits
        if level.unit is not None and not token["blank"]:
            level.count(amount, is_decimal)
            return
        following = _TOKEN.match(self.text, token.end())
        begins_unit = following is not None and following.lastgroup in _BEGIN_UNITS
        if level.unit is not None and begins_unit:
            self._doubt(token, "the number may count what is before it, or what follows")
        elif level.unit is not None:  # nothing follows that it could count
            level.count(amount, is_decimal)
        elif digits.startswith(".") or not begins_unit:
            self._unreadable(token.start("number"))
        elif level.empty and level.factor is None:
            level.factor = amount
        elif level.decimal and token["blank"]:
            self._doubt(token, "the number may continue after the blank, or count what follows")
        elif token["blank"] and not level.empty:
            level.end_part()
            level.factor = amount
        else:
            self._unreadable(token.start("number"))

    def _separator(self, token: Token) -> None:
        if self.levels[-1].empty:
            self._unreadable(token.end() - 1)
        self.levels[-1].end_part()

    def _close(self, token: Token) -> None:
        level = self.levels.pop()
        if not self.levels or _PAIRS[level.bracket] != token["close"]:
            self._unreadable(token.end() - 1)
        self.levels[-1].add(self._finished(level, token.end() - 1))

    def _finished(self, level: _Level, end: int) -> Amounts:
        if level.empty and level.parts > 1:
            self._unreadable(end - 1)
        if level.factor is not None and level.parts == 1:
            refuse(
                self.formula,
                "begins with a number",
                "formula units, or an isotope; leave the number out",
            )
        level.end_part()
        return level.totals

    def _doubt(self, token: Token, cause: str) -> NoReturn:
        context = self.text[max(0, token.start() - 6) : token.end() + 6]
        refuse(self.formula, f"can be read in two ways at {context!r}", f"{cause}; write · or (…)")

    def _unreadable(self, position: int) -> NoReturn:
        rest = self.text[position:].lstrip()
        cause = next((why for sign, why in _CAUSES if sign.match(rest)), _UNKNOWN)
        refuse(self.formula, f"cannot be read from {rest[:12]!r} on", cause)


def refuse(formula: str, what: str, cause: str | None = None) -> NoReturn:
    """Raise an error that names the formula.

    Raises
    ------
    StructureError
        Always.
    """
    raise StructureError(f"formula {shown(formula)}: {what}", cause=cause)


def shown(formula: str) -> str:
    """A formula for a message, truncated if long."""
    return repr(formula if len(formula) <= SHOWN else formula[: SHOWN - 1] + "…")
