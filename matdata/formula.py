"""Chemical formulas to amounts: one grammar, and a short way for plain formulas.

What a reader of the formula could take in two ways is refused with both readings named: a guess
would be another material.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NoReturn

from matdata.errors import StructureError
from matdata.tables import elements

Amounts = dict[int, float]
Token = re.Match[str]

MAX_LENGTH = 1000  # characters of a formula
MAX_DEPTH = 50  # brackets within brackets
MAX_AMOUNT = 1e9  # of an element in a formula
MIN_AMOUNT = 1e-6  # smaller ones vanish when a formula is reduced
MAX_KNOWN = 1 << 16  # element-amount pairs that are remembered
SHOWN = 60  # characters of a formula in a message

_NUMBER = r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+"
_PAIR = re.compile(rf"([A-Z][a-z]?)({_NUMBER})?")
_FROM_CAPITAL = re.compile(r"[A-Z][^A-Z]*")
_TOKEN = re.compile(
    rf"(?P<blank>\s*)(?:(?P<element>[A-Z][a-z]?)(?P<amount>{_NUMBER})?|(?P<number>{_NUMBER})"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<dot>[.*·•∙⋅‧・]))"
)
# A charge: "^2-", "(2-)", " 2-", raised digits or a bare sign; "SO42-" is ambiguous and refused.
_CHARGE = re.compile(
    r"(\^[0-9]*[+-]|\([0-9]*[+-]\)|\s[0-9]*[+-]|(?<=[A-Za-z)\]}])[+-]|[⁰¹²³⁴-⁹]*[⁺⁻])$"
)
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_MIXED_DIGITS = re.compile(r"[₀-₉]\.?[0-9]|[0-9]\.?[₀-₉]")
_SPACED_PAIRS = re.compile(rf"[A-Z][a-z]?\s+(?:{_NUMBER})(?:\s+[A-Z][a-z]?\s+(?:{_NUMBER}))*")
# The dot of a decimal amount that can as well part a hydrate, an ammine or a sum of oxides.
_DOT_IN_DOUBT = re.compile(
    r"(?<![0-9])(?:[1-9][0-9]*)?\.[1-9][0-9]*[\s.*·•∙⋅‧・]*\(?(?:H2O|D2O|NH3)(?![0-9a-z.])"
    r"|O(?:[1-9][0-9]*)?\.[1-9][0-9]*(?![0-9]).*O(?![a-z])"
)
_ROMAN = re.compile(r"\((?:I{1,3}|IV|VI{0,3})\)")
_BEGIN_UNITS = ("element", "amount", "open")  # tokens that a multiplier can stand before
_CAUSES = (
    (re.compile(r"[nmxyzδ]"), "an amount that is a variable, not a number"),
    (re.compile(r"[-+±−–—]"), "a negative amount, a range, a mixture, or a charge in the middle"),
    (re.compile(r"[\^⁰¹²³⁴-⁹⁺⁻]"), "an isotope, or a charge in the middle"),
    (re.compile(r","), "a decimal comma, or several formulas"),
)
_UNKNOWN = "not a chemical formula, or a notation that matdata does not know"


def parse_formula(formula: str) -> Amounts:
    """Parse a chemical formula into amounts by atomic number.

    Nested brackets of three kinds, fractional amounts, repeated elements, lowered digits, and
    adducts (``CuSO4·5H2O``, ``CuSO4*5H2O``, ``CuSO4 5H2O``) are understood; D and T count as
    hydrogen; amounts of zero are left out; a trailing charge (``^2-``, ``(2-)``, ``" 2-"``,
    ``+``) is dropped.

    Refused, because they can be read in two ways: a decimal amount before water, ammonia or, for
    oxygen, before more oxygen (``CuSO4.5H2O``); a blank before a number that can belong to either
    side (``LiOH 2H2O``); a number before a single formula (``2H2O``, ``6Li2O``); oxidation states
    in brackets (``Fe(II)O``).

    Raises
    ------
    StructureError
        If the text is not a formula, can be read in two ways, is longer than `MAX_LENGTH`, nested
        deeper than `MAX_DEPTH`, or holds amounts outside `MIN_AMOUNT` to `MAX_AMOUNT`; the message
        shows where reading stopped.
    """
    amounts = _plain_amounts(formula)
    return _general_amounts(formula) if amounts is None else amounts


class _Known(dict[str, tuple[int, float]]):
    """Element and amount of texts such as ``O3``; `KeyError` for all that is not as plain."""

    def __missing__(self, text: str) -> tuple[int, float]:
        match = _PAIR.fullmatch(text)
        if match is None:
            raise KeyError(text)
        try:
            number, amount = elements.atomic_number(match[1]), float(match[2] or 1.0)
        except StructureError:
            raise KeyError(text) from None
        if not MIN_AMOUNT <= amount <= MAX_AMOUNT:
            raise KeyError(text)
        if len(self) < MAX_KNOWN:
            self[text] = number, amount
        return number, amount


_KNOWN = _Known()


def _plain_amounts(text: str) -> Amounts | None:
    """Amounts of a formula of different elements without brackets and blanks, or None."""
    if not "A" <= text[:1] <= "Z" or len(text) > MAX_LENGTH:
        return None
    pairs = _FROM_CAPITAL.findall(text)
    try:
        amounts = dict(map(_KNOWN.__getitem__, pairs))
    except KeyError:
        return None
    if len(amounts) != len(pairs) or ("." in text and _DOT_IN_DOUBT.search(text)):
        return None
    return amounts


def _general_amounts(formula: str) -> Amounts:
    """Amounts of any formula, by the whole grammar."""
    if len(formula) > MAX_LENGTH:
        _refuse(formula, f"has {len(formula):,} characters, more than {MAX_LENGTH:,}")
    text = _CHARGE.sub("", formula.strip())
    if not text:
        raise StructureError("an empty formula")
    if _MIXED_DIGITS.search(text):
        _refuse(formula, "has lowered digits beside others", "two numbers without a sign between")
    text = text.translate(_SUBSCRIPTS)
    _refuse_doubts(formula, text)
    if _SPACED_PAIRS.fullmatch(text):
        text = "".join(text.split())
    totals = _Parser(formula, text).totals()
    amounts = {number: amount for number, amount in totals.items() if amount > 0}
    if not amounts:
        raise StructureError(f"formula {_shown(formula)} holds no atoms")
    for number, amount in amounts.items():
        if not MIN_AMOUNT <= amount <= MAX_AMOUNT:
            symbol = elements.symbols()[number]
            _refuse(
                formula, f"holds {amount:.6g} {symbol}, outside {MIN_AMOUNT:g} to {MAX_AMOUNT:g}"
            )
    return amounts


def _refuse_doubts(formula: str, text: str) -> None:
    match = _DOT_IN_DOUBT.search(text)
    if match is not None:
        _refuse(
            formula,
            f"can be read in two ways at {match.group()[:SHOWN]!r}",
            "the dot is a decimal point, or parts two compounds; write · for the second, or the "
            "decimal amount last",
        )
    match = _ROMAN.search(text)
    if match is not None:
        _refuse(
            formula,
            f"can be read in two ways at {match.group()!r}",
            "an oxidation state, or iodine or vanadium; leave out the brackets or the state",
        )


@dataclass
class _Level:
    """What stands between two brackets: the parts that are finished, and the one being read."""

    bracket: str = ""
    totals: Amounts = field(default_factory=dict)
    part: Amounts = field(default_factory=dict)
    unit: Amounts | None = None  # the last element or bracket, while its amount is not known
    factor: float | None = None  # multiplier of the part
    parts: int = 1
    decimal: bool = False  # whether the last amount is written with a point

    @property
    def empty(self) -> bool:
        """Whether nothing of the part was read yet."""
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
            _refuse(self.formula, "a bracket is opened and never closed")
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
            _refuse(self.formula, error.what)
        level, digits = self.levels[-1], token["amount"]
        level.add({number: 1.0})
        if digits:
            level.count(float(digits), "." in digits)

    def _open(self, token: Token) -> None:
        self._begin(token)
        if len(self.levels) > MAX_DEPTH:
            _refuse(self.formula, f"has more than {MAX_DEPTH} brackets within brackets")
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
            self._doubt(token, "the number may go on after the blank, or count what follows")
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
            _refuse(
                self.formula,
                "begins with a number",
                "formula units, or an isotope; leave the number out",
            )
        level.end_part()
        return level.totals

    def _doubt(self, token: Token, cause: str) -> NoReturn:
        near = self.text[max(0, token.start() - 6) : token.end() + 6]
        _refuse(self.formula, f"can be read in two ways at {near!r}", f"{cause}; write · or (…)")

    def _unreadable(self, position: int) -> NoReturn:
        rest = self.text[position:].lstrip()
        cause = next((why for sign, why in _CAUSES if sign.match(rest)), _UNKNOWN)
        _refuse(self.formula, f"cannot be read from {rest[:12]!r} on", cause)


def _refuse(formula: str, what: str, cause: str | None = None) -> NoReturn:
    raise StructureError(f"formula {_shown(formula)}: {what}", cause=cause)


def _shown(formula: str) -> str:
    return repr(formula if len(formula) <= SHOWN else formula[: SHOWN - 1] + "…")
