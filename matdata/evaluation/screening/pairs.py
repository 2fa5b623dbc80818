"""Elements, and pairs of elements, that occur together in compositions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

import numpy as np

from matdata.core import elements
from matdata.core.composition import parse_formula, reduced_formula

Pair = tuple[str, str]
Key = TypeVar("Key", str, Pair)


@dataclass(frozen=True)
class ElementPairs:
    """How many compositions contain an element, or two elements together.

    Attributes
    ----------
    compositions
        Different compositions; several materials of one count once.
    elements
        Count by symbol, most frequent first.
    pairs
        Count by two symbols in the order of their electronegativities (V, O), most frequent first.
    """

    compositions: int
    elements: dict[str, int]
    pairs: dict[Pair, int]

    @classmethod
    def of(cls, formulas: Iterable[str]) -> ElementPairs:
        """Count what formulas contain.

        Raises
        ------
        StructureError
            If a text is no formula.
        """
        compositions = {reduced_formula(one): one for one in map(parse_formula, formulas)}
        single: Counter[str] = Counter()
        double: Counter[Pair] = Counter()
        for amounts in compositions.values():
            symbols = _ordered(amounts)
            single.update(symbols)
            double.update(combinations(symbols, 2))
        return cls(len(compositions), _sorted(single), _sorted(double))

    def rows(self) -> list[dict[str, object]]:
        """A record per pair: ``elements`` and ``compositions``."""
        return [{"elements": list(pair), "compositions": n} for pair, n in self.pairs.items()]


def _ordered(amounts: Iterable[int]) -> list[str]:
    """Symbols as formulas have them: rising electronegativity, those without one last."""
    values, symbols = np.nan_to_num(elements.electronegativities(), nan=np.inf), elements.symbols()
    return [symbols[z] for z in sorted(amounts, key=lambda z: (values[z], symbols[z]))]


def _sorted(counts: Counter[Key]) -> dict[Key, int]:
    """The most frequent first, equal ones by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], str(item[0]))))
