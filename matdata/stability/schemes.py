"""Correction schemes of energies: which one entries are of, and that they are of one alone.

Energies of two schemes must not be compared: a hull of both would be that of the scheme with the
lower energies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from matdata.core.composition import Compositions
from matdata.core.errors import CurationError
from matdata.core.ledger import count_reasons

#: Column of the scheme that each entry states.
COLUMN = "correction_scheme"
#: Energies that nothing was corrected of, and those of which nobody says.
NONE, UNSTATED = "no corrections", "unstated"
OXYGEN = 8


def scheme_of(cells: Sequence[object], compositions: Compositions, what: str) -> str:
    """The scheme of n entries, each of which states its own or none; empty if nothing tells.

    An entry that nothing was corrected of states none. That fits any scheme, but for compounds of
    oxygen, which every scheme of the Materials Project corrects: those were not corrected at all.

    Parameters
    ----------
    cells : (n,)
        Scheme of each entry; None where it states none.
    compositions
        Of the entries.
    what
        Whose entries they are, for messages.

    Raises
    ------
    CurationError
        If there are several.
    """
    oxides = _are_oxides(compositions)
    stated = [
        str(cell) if cell is not None else NONE
        for cell, oxide in zip(cells, oxides.tolist(), strict=True)
        if cell is not None or oxide
    ]
    return require_one(count_reasons(stated), what)


def require_one(counts: Mapping[str, int], what: str) -> str:
    """The only scheme of entries, by the number of entries of each; empty if there are none.

    Raises
    ------
    CurationError
        If there are several.
    """
    if len(counts) > 1:
        shares = ", ".join(f"{count:,} of {name!r}" for name, count in list(counts.items())[:6])
        raise CurationError(
            f"{what} mix energies that must not be compared: {shares}",
            cause="entries of several correction schemes, or some without corrections",
            next_step="correct all of them alike (`matdata build FILE.json --corrections mp2020`), "
            "or keep them in datasets of their own; `--scheme NAME` says the scheme of energies "
            "that state none",
        )
    return next(iter(counts), "")


def _are_oxides(compositions: Compositions) -> np.ndarray:
    """Which compositions hold oxygen and another element, (n,)."""
    holds = compositions.amounts > 0.0
    owner = np.repeat(np.arange(len(compositions)), np.diff(compositions.offsets))
    kinds = np.bincount(owner[holds], minlength=len(compositions))
    oxygen = np.zeros(len(compositions), bool)
    oxygen[owner[holds & (compositions.numbers == OXYGEN)]] = True
    return oxygen & (kinds > 1)
