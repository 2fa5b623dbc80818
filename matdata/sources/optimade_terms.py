"""Names of OPTIMADE that both its reader and the export of such answers use."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_lowercase, ascii_uppercase

from matdata.core.composition import reduced_amounts

#: What properties of matdata begin with.
PREFIX = "_matdata_"
#: Fractional coordinates, from which the Cartesian positions were computed.
EXACT = f"{PREFIX}frac_coords"
#: Key of ``meta`` that says of which dataset an answer is the export.
EXPORT = f"{PREFIX}export"
#: Key of ``meta`` with column, unit and axis of each property of matdata.
COLUMNS = f"{PREFIX}columns"


def anonymous_formula(counts: Mapping[int, int]) -> str:
    """The anonymous formula: reduced amounts in descending order as ``A3B2C``.

    Parameters
    ----------
    counts
        Number of atoms by atomic number.
    """
    amounts = sorted((int(a) for a in reduced_amounts(counts).values()), reverse=True)
    letters = [*ascii_uppercase, *(a + b for a in ascii_uppercase for b in ascii_lowercase)]
    return "".join(
        letter + (str(amount) if amount > 1 else "")
        for letter, amount in zip(letters, amounts, strict=False)
    )
