"""One reaction as text: ``2 BaCO3 + TiO2 -> Ba2TiO4 @ mix heat``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from matdata.core.composition import parse_formula
from matdata.core.documents import JsonObject
from matdata.core.errors import StructureError
from matdata.core.ledger import Unusable
from matdata.tables.operations import OPERATIONS

MAX_LENGTH = 20_000  # characters of a reaction
SHOWN = 60  # of them in a message
GRAMMAR = "BaCO3 + TiO2, 2 BaCO3 + TiO2 -> Ba2TiO4, BaCO3 + TiO2 @ mix heat"

_ARROW = re.compile(r"-+>|=+>?|[→⟶⇒]")
_COEFFICIENT = re.compile(
    r"(?P<sign>[-+−]?)\s*(?P<number>[0-9]+(?:\.[0-9]*)?(?:/[0-9]+(?:\.[0-9]*)?)?|\.[0-9]+)"
    r"(?P<apart>\s*(?:mol\b\s*|[*×]\s*)|\s*)"
)


@dataclass(frozen=True)
class ReactionText:
    """A reaction as it is written.

    Attributes
    ----------
    precursors
        Formula and moles of each; no moles where none of the text's formulas has a coefficient,
        else 1 where there is none.
    operations
        Words of the vocabulary, in order.
    products
        Formulas of the right side, as written; empty where there is none. No model reads them.
    """

    precursors: tuple[tuple[str, float | None], ...]
    operations: tuple[str, ...]
    products: tuple[str, ...]

    def cells(self) -> JsonObject:
        """The cells of the columns `precursors` and `operations`."""
        records = [{"formula": formula, "amount": moles} for formula, moles in self.precursors]
        return {"precursors": records, "operations": list(self.operations)}


def parse_reaction(text: str) -> ReactionText:
    """Read ``PRECURSORS [-> [PRODUCTS]] [@ OPERATIONS]``.

    Precursors are formulas with ``+`` between them, each with or without a coefficient
    (``2 BaCO3``, ``2BaCO3``, ``0.5 mol TiO2``, ``1/2 TiO2``), which need not balance anything. The
    arrow may be written ``=``, and products be left out: they are checked to be formulas, and no
    model reads them.
    Operations are words of `matdata.tables.operations`, with blanks or commas between them.

    Raises
    ------
    Unusable
        ``no_precursors``, ``no_reaction`` (one formula and nothing else), ``empty_term``,
        ``bad_formula``, ``bad_amount``, ``two_arrows``, ``unknown_operation``, ``no_operations``,
        ``long_text``; the message names what is wrong.
    """
    if len(text) > MAX_LENGTH:
        raise Unusable("long_text", f"{len(text):,} characters, at most {MAX_LENGTH:,} are read")
    equation, at, words = text.partition("@")
    operations = parse_operations(words) if at else ()
    if at and not operations:
        raise Unusable("no_operations", "nothing is written after @: name operations, or leave it")
    sides = _ARROW.split(equation)
    if len(sides) > 2:
        raise Unusable("two_arrows", f"{_shown(equation)} has {len(sides) - 1} arrows or equals")
    if not sides[0].strip():
        raise Unusable("no_precursors", f"{_shown(text)} has no precursors; write {GRAMMAR}")
    precursors = [_term(term, "precursor") for term in sides[0].split("+")]
    products = sides[1] if len(sides) == 2 else ""
    made = [_term(term, "product")[0] for term in products.split("+")] if products.strip() else []
    counted = any(moles is not None for _, moles in precursors)
    if len(precursors) == 1 and not counted and not at and len(sides) == 1:
        raise Unusable(
            "no_reaction", f"{_shown(text)} is a formula alone, no reaction; write {GRAMMAR}"
        )
    if counted:
        precursors = [(formula, 1.0 if moles is None else moles) for formula, moles in precursors]
    return ReactionText(tuple(precursors), operations, tuple(made))


def parse_operations(text: str) -> tuple[str, ...]:
    """Words with blanks, commas or semicolons between them, in any case; ``_`` counts as ``-``.

    Raises
    ------
    Unusable
        ``unknown_operation``, with those that are known.
    """
    words = [word.lower().replace("_", "-") for word in re.split(r"[\s,;]+", text) if word]
    for word in words:
        if word not in OPERATIONS:
            raise Unusable(
                "unknown_operation",
                f"the operation {_shown(word)} is not known; known ones: {', '.join(OPERATIONS)}",
            )
    return tuple(words)


def _term(text: str, what: str) -> tuple[str, float | None]:
    """Formula and coefficient of one term."""
    term = text.strip().rstrip("↑↓").rstrip()  # gas and precipitate, of products
    if not term:
        raise Unusable("empty_term", f"a {what} is missing beside a +; charges are not written")
    match = _COEFFICIENT.match(term)
    if match is None or match.end() == len(term):
        _require_formula(term, what)
        return term, None
    formula = term[match.end() :].strip()
    _require_formula(formula, what)
    if not match["apart"] and _is_formula(term):
        raise Unusable(
            "bad_formula",
            f"{what} {_shown(term)}: {match['number']} may belong to the first part or to all of "
            f"it; write {match['number']} ({formula})",
        )
    return formula, _moles(match, formula)


def _moles(match: re.Match[str], formula: str) -> float:
    above, _, below = match["number"].partition("/")
    divisor = float(below) if below else 1.0
    moles = float(above) / divisor if divisor else 0.0
    if match["sign"] in ("-", "−") or not 0 < moles < float("inf"):
        shown = f"{match['sign']}{match['number']}"[:SHOWN]
        raise Unusable("bad_amount", f"the amount of {formula} is {shown}, no positive number")
    return moles


def _require_formula(text: str, what: str) -> None:
    try:
        parse_formula(text)
    except StructureError as error:
        raise Unusable("bad_formula", f"{what} {_shown(text)}: {error.what}") from None


def _is_formula(text: str) -> bool:
    try:
        parse_formula(text)
    except StructureError:
        return False
    return True


def _shown(text: str) -> str:
    short = text.strip()
    return repr(short if len(short) <= SHOWN else f"{short[:SHOWN]}…")
