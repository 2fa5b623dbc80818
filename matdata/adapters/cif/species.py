"""The element of a site, only if it is stated unambiguously."""

from __future__ import annotations

import functools
import re

from matdata.core import elements
from matdata.core.errors import StructureError
from matdata.core.ledger import Unusable

# `Fe`, `Fe3+`, `Fe+3`, `O2-`, `Na+`, `Fe0+`, `Fe2.5+`, and `Mn2+,spin=5` as pymatgen writes it.
_CHARGE = r"(?:\d*\.?\d*[+-]|[+-]\d+\.?\d*)?(?:,spin=-?\d+\.?\d*)?"
_TYPE = re.compile(rf"([A-Z][a-z]?|[A-Z]{{2}})(?:{_CHARGE}|\d+)")
# `Fe`, `Fe1`, `Fe1A`, `O12'`, `O(1)`, `Na_2`, `Fe3+`; a letter after the element may be another.
_LABEL = re.compile(r"([A-Z][a-z]?)(?:\d*[+-])?(?:\d[A-Z\d]*[a-z]?|[_(][A-Z\d]*[a-z]?\)?)?[_\d'*]*")
LONGEST = 80
_HIDDEN = re.compile(r"[A-Z][a-z]")


@functools.lru_cache(4096)
def number_of_type(symbol: str) -> int:
    """Atomic number of an ``_atom_site_type_symbol``.

    Raises
    ------
    Unusable
        If it is not a single element: OH, H2O, ``Fe,Co``, Du, Va, X, M.
    """
    match = _TYPE.fullmatch(symbol) if len(symbol) <= LONGEST else None
    if match is None:
        raise _unknown(symbol)
    name = match.group(1)
    if name.isupper() and len(name) == 2:
        # Capitals, as in macromolecular files: FE is iron, but CO may be carbon and oxygen.
        if all(letter in elements.symbols() for letter in name):
            raise _unknown(symbol)
        name = name.title()
    return _number(name, symbol)


@functools.lru_cache(65536)
def number_of_label(label: str) -> int:
    """Atomic number of an ``_atom_site_label``, if no type symbol is given.

    Raises
    ------
    Unusable
        If it does not begin with an element, or the rest may be more than a number.
    """
    match = _LABEL.fullmatch(label) if len(label) <= LONGEST else None
    # T is the tetrahedral site of a framework far more often than tritium.
    if match is None or match.group(1) == "T" or _HIDDEN.search(label, match.end(1)):
        raise _unknown(label)
    return _number(match.group(1), label)


def _number(symbol: str, text: str) -> int:
    try:
        return elements.atomic_number(symbol)
    except StructureError:
        raise _unknown(text) from None


def _unknown(text: str) -> Unusable:
    return Unusable("unknown_element", f"a site holds {text[:40]!r}, which is not a single element")
