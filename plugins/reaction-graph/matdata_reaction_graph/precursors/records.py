"""Published syntheses: products, and the sets of precursors that each was made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.plugin import N_ELEMENTS, MatdataError, parse_formula, reduced_formula

Float32 = npt.NDArray[np.float32]
Set = frozenset[str]


@dataclass(frozen=True)
class Product:
    """A product and how it was made.

    Attributes
    ----------
    formula
        As written first.
    amounts
        Atoms by atomic number.
    sets
        How often each set of precursors is reported.
    """

    formula: str
    amounts: Mapping[int, float]
    sets: Mapping[Set, int]

    @property
    def key(self) -> str:
        """Equal for equal compositions."""
        return reduced_formula(self.amounts)

    @property
    def system(self) -> tuple[int, ...]:
        """Its elements."""
        return tuple(sorted(self.amounts))


def products_of(
    rows: Iterable[tuple[str, Iterable[str]]],
) -> tuple[list[Product], dict[str, str]]:
    """Products of rows (formula, precursors), one for each composition, in order.

    Returns
    -------
    products
    rejects
        Why a formula cannot be read, of a product or of one of its precursors.
    """
    found: dict[str, tuple[str, Mapping[int, float], dict[Set, int]]] = {}
    rejects: dict[str, str] = {}
    keys: dict[str, str] = {}
    for formula, precursors in rows:
        chosen = frozenset(precursors)
        try:
            for name in chosen:
                keys.setdefault(name, reduced_formula(parse_formula(name)))
            amounts = parse_formula(formula)
        except MatdataError as error:
            rejects[formula] = error.what
            continue
        if not chosen or not amounts:
            rejects[formula] = "no precursors" if amounts else "no elements"
            continue
        entry = found.setdefault(reduced_formula(amounts), (formula, amounts, {}))
        entry[2][chosen] = entry[2].get(chosen, 0) + 1
    return [Product(*entry) for entry in found.values()], rejects


def fractions_of(amounts: Sequence[Mapping[int, float]]) -> Float32:
    """Atomic fractions (n, 119) by atomic number; column 0 is empty."""
    fractions = np.zeros((len(amounts), N_ELEMENTS + 1), np.float32)
    for row, one in enumerate(amounts):
        total = sum(one.values())
        for number, amount in one.items():
            fractions[row, number] = amount / total
    return fractions
