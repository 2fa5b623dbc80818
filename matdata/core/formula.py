"""Chemical formulas to amounts: one grammar, and a fast path for plain formulas.

A formula that can be read in two ways is rejected with both readings named: a guess
might be another material.
"""

from __future__ import annotations

import re

from matdata.core import elements
from matdata.core.errors import StructureError
from matdata.core.formula_grammar import NUMBER, SHOWN, Amounts, refuse, shown, totals

MAX_LENGTH = 1000  # characters of a formula
MAX_AMOUNT = 1e9  # of an element in a formula
MIN_AMOUNT = 1e-6  # smaller ones vanish when a formula is reduced
MAX_CACHED = 1 << 16  # element-amount pairs that are cached

_PAIR = re.compile(rf"([A-Z][a-z]?)({NUMBER})?")
_FROM_CAPITAL = re.compile(r"[A-Z][^A-Z]*")
# A charge: "^2-", "(2-)", " 2-", superscripts or a bare sign; "SO42-" is ambiguous and rejected.
_CHARGE = re.compile(
    r"(\^[0-9]*[+-]|\([0-9]*[+-]\)|\s[0-9]*[+-]|(?<=[A-Za-z)\]}])[+-]|[⁰¹²³⁴-⁹]*[⁺⁻])$"
)
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_MIXED_DIGITS = re.compile(r"[₀-₉]\.?[0-9]|[0-9]\.?[₀-₉]")
_SPACED_PAIRS = re.compile(rf"[A-Z][a-z]?\s+(?:{NUMBER})(?:\s+[A-Z][a-z]?\s+(?:{NUMBER}))*")
# The dot of a decimal amount that may as well separate a hydrate, an ammine or a sum of oxides.
_DOT_IN_DOUBT = re.compile(
    r"(?<![0-9])(?:[1-9][0-9]*)?\.[1-9][0-9]*[\s.*·•∙⋅‧・]*\(?(?:H2O|D2O|NH3)(?![0-9a-z.])"
    r"|O(?:[1-9][0-9]*)?\.[1-9][0-9]*(?![0-9]).*O(?![a-z])"
)
_ROMAN = re.compile(r"\((?:I{1,3}|IV|VI{0,3})\)")


def parse_formula(formula: str) -> Amounts:
    """Parse a chemical formula into amounts by atomic number.

    Nested brackets of three kinds, fractional amounts, repeated elements, subscript digits, and
    adducts (``CuSO4·5H2O``, ``CuSO4*5H2O``, ``CuSO4 5H2O``) are understood; D and T count as
    hydrogen; amounts of zero are left out; a trailing charge (``^2-``, ``(2-)``, ``" 2-"``,
    ``+``) is dropped.

    Rejected, because they can be read in two ways: a decimal amount before water, ammonia or, for
    oxygen, more oxygen (``CuSO4.5H2O``); a blank before a number that can belong to either
    side (``LiOH 2H2O``); a number before a single formula (``2H2O``, ``6Li2O``); oxidation states
    in brackets (``Fe(II)O``).

    Raises
    ------
    StructureError
        If the text is not a formula, can be read in two ways, is longer than `MAX_LENGTH`, nested
        too deeply, or holds amounts outside `MIN_AMOUNT` to `MAX_AMOUNT`; the message shows where
        reading stopped.
    """
    amounts = _plain_amounts(formula)
    return _general_amounts(formula) if amounts is None else amounts


class _PairCache(dict[str, tuple[int, float]]):
    """Element and amount of texts such as ``O3``; `KeyError` for any less plain text."""

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
        if len(self) < MAX_CACHED:
            self[text] = number, amount
        return number, amount


_PAIR_CACHE = _PairCache()


def _plain_amounts(text: str) -> Amounts | None:
    """Amounts of a formula of different elements without brackets and blanks, or None."""
    if not "A" <= text[:1] <= "Z" or len(text) > MAX_LENGTH:
        return None
    pairs = _FROM_CAPITAL.findall(text)
    try:
        amounts = dict(map(_PAIR_CACHE.__getitem__, pairs))
    except KeyError:
        return None
    if len(amounts) != len(pairs) or ("." in text and _DOT_IN_DOUBT.search(text)):
        return None
    return amounts


def _general_amounts(formula: str) -> Amounts:
    """Amounts of any formula, by the full grammar."""
    if len(formula) > MAX_LENGTH:
        refuse(formula, f"has {len(formula):,} characters, more than {MAX_LENGTH:,}")
    text = _CHARGE.sub("", formula.strip())
    if not text:
        raise StructureError("an empty formula")
    if _MIXED_DIGITS.search(text):
        refuse(formula, "mixes subscript digits with others", "two numbers without a sign between")
    text = text.translate(_SUBSCRIPTS)
    _refuse_doubts(formula, text)
    if _SPACED_PAIRS.fullmatch(text):
        text = "".join(text.split())
    counted = totals(formula, text)
    amounts = {number: amount for number, amount in counted.items() if amount > 0}
    if not amounts:
        raise StructureError(f"formula {shown(formula)} holds no atoms")
    for number, amount in amounts.items():
        if not MIN_AMOUNT <= amount <= MAX_AMOUNT:
            symbol = elements.symbols()[number]
            refuse(
                formula, f"holds {amount:.6g} {symbol}, outside {MIN_AMOUNT:g} to {MAX_AMOUNT:g}"
            )
    return amounts


def _refuse_doubts(formula: str, text: str) -> None:
    match = _DOT_IN_DOUBT.search(text)
    if match is not None:
        refuse(
            formula,
            f"can be read in two ways at {match.group()[:SHOWN]!r}",
            "the dot is a decimal point, or separates two compounds; write · for the second, or "
            "the decimal amount last",
        )
    match = _ROMAN.search(text)
    if match is not None:
        refuse(
            formula,
            f"can be read in two ways at {match.group()!r}",
            "an oxidation state, or iodine or vanadium; leave out the brackets or the state",
        )
