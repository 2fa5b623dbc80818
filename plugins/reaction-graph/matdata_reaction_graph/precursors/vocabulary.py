"""The precursors of the training products: numbers for names, elements, frequencies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from matdata.plugin import parse_formula
from matdata_reaction_graph.precursors.records import Product

OXYGEN = 8
#: Elements that leave as gas, or come from the air: a precursor may bring them to any product.
VOLATILE = frozenset((1, 6, 7, OXYGEN))


class Vocabulary:
    """Precursors in alphabetical order.

    Parameters
    ----------
    products
        Of the training part.
    """

    def __init__(self, products: Sequence[Product]) -> None:
        self.names = sorted({name for one in products for chosen in one.sets for name in chosen})
        self.numbers = {name: number for number, name in enumerate(self.names)}
        self.elements = [frozenset(parse_formula(name)) for name in self.names]
        self.weights = weights_of(products, self)
        counts = self.weights.sum(0)
        order = sorted(range(len(self.names)), key=lambda place: (-counts[place], place))
        #: Precursors that hold an element, most frequent first; oxygen needs none.
        self.sources: dict[int, list[int]] = {}
        for place in order:
            for number in self.elements[place] - {OXYGEN}:
                self.sources.setdefault(number, []).append(place)

    def __len__(self) -> int:
        return len(self.names)

    def places(self, names: frozenset[str]) -> frozenset[int] | None:
        """A set as numbers; None if one of them is no training product's precursor."""
        if any(name not in self.numbers for name in names):
            return None
        return frozenset(self.numbers[name] for name in names)


def weights_of(products: Sequence[Product], words: Vocabulary) -> npt.NDArray[np.float32]:
    """Share of the reports of each product (n) that use each precursor, (n, P)."""
    weights = np.zeros((len(products), len(words.names)), np.float32)
    for row, one in enumerate(products):
        total = sum(one.sets.values())
        for chosen, count in one.sets.items():
            for name in chosen:
                weights[row, words.numbers[name]] += count / total
    return weights


def frequent(words: Vocabulary, elements: Sequence[int]) -> frozenset[int]:
    """The baseline: the most frequent precursor of each element."""
    return frozenset(
        words.sources[number][0]
        for number in elements
        if number in words.sources and number not in VOLATILE
    )
