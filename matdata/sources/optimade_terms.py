"""Names of OPTIMADE that both its reader and the export of such answers use."""

from __future__ import annotations

from collections.abc import Iterable
from string import ascii_lowercase, ascii_uppercase

#: What properties of matdata begin with.
PREFIX = "_matdata_"
#: Fractional coordinates, from which the Cartesian positions were computed.
EXACT = f"{PREFIX}frac_coords"
#: Key of ``meta`` that says of which dataset an answer is the export.
EXPORT = f"{PREFIX}export"
#: Key of ``meta`` with column, unit and axis of each property of matdata.
COLUMNS = f"{PREFIX}columns"
_LETTERS = [*ascii_uppercase, *(a + b for a in ascii_uppercase for b in ascii_lowercase)]


def anonymous_formula(amounts: Iterable[int]) -> str:
    """The anonymous formula: amounts in descending order as ``A3B2C``.

    Parameters
    ----------
    amounts
        Number of atoms of each element in the reduced formula.
    """
    return "".join(
        letter + (str(amount) if amount > 1 else "")
        for letter, amount in zip(_LETTERS, sorted(amounts, reverse=True), strict=False)
    )
