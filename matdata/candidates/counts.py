"""Counts of element substitutions among materials of one prototype (Goodall 2022, thesis 6.7).

Every two materials of a prototype differ by changes of element ``a -> b`` in each of its slots,
those that stay (``a -> a``) among them. Whole element types change at once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from matdata.candidates.prototypes import Prototype, prototype_of
from matdata.core.crystals import Float
from matdata.core.elements import N_ELEMENTS
from matdata.core.errors import StructureError
from matdata.symmetry.labels import parse_label

#: How much the bin of a prototype counts: as many pairs as it has, or as much as any other.
BinWeight = Literal["pairs", "equal"]


class SubstitutionCounts:
    """Counts the substitutions among protostructures that are given piece by piece.

    Memory grows with the number of different elements in the slots of prototypes, not with pairs.

    Attributes
    ----------
    n_materials
        Labels that were counted.
    n_unread
        Those that could not be read.
    """

    def __init__(self) -> None:
        self.n_materials = 0
        self.n_unread = 0
        #: By prototype how many materials it has, and how often each element is in each slot.
        self._sizes: Counter[Prototype] = Counter()
        self._occupied: defaultdict[Prototype, Counter[tuple[int, int]]] = defaultdict(Counter)

    def add(self, labels: Iterable[str]) -> None:
        """Count protostructures."""
        for label in labels:
            try:
                prototype, numbers = prototype_of(parse_label(label))
            except StructureError:
                self.n_unread += 1
                continue
            self.n_materials += 1
            self._sizes[prototype] += 1
            self._occupied[prototype].update(enumerate(numbers))

    @property
    def n_prototypes(self) -> int:
        """Prototypes with at least two materials."""
        return sum(size > 1 for size in self._sizes.values())

    def matrix(self, weight: BinWeight = "pairs") -> Float:
        """Counts of ordered pairs ``a -> b``, (119, 119) by atomic number.

        Parameters
        ----------
        weight
            ``pairs``: every pair of materials counts 1, so that large bins dominate. ``equal``:
            the counts of a bin are divided by its number of pairs.

        Returns
        -------
        (119, 119) float64
            Symmetric; ``[a, a]`` counts pairs with the same element in a slot.
        """
        counts: Float = np.zeros((N_ELEMENTS + 1, N_ELEMENTS + 1))
        for prototype in sorted(self._sizes):
            size = self._sizes[prototype]
            if size < 2:
                continue
            share = 1.0 if weight == "pairs" else 1.0 / (size * (size - 1))
            occupied = self._occupied[prototype]
            for slot in range(len(prototype.words)):
                numbers = sorted(number for place, number in occupied if place == slot)
                _add_pairs(counts, numbers, [occupied[slot, one] for one in numbers], share)
        return counts


def _add_pairs(counts: Float, numbers: list[int], amounts: Sequence[int], share: float) -> None:
    """Add the ordered pairs of different materials of one slot, each element in some of them."""
    n = np.array(amounts, dtype=np.float64)
    pairs = np.outer(n, n)
    np.fill_diagonal(pairs, n * (n - 1))  # a material is no pair with itself
    counts[np.ix_(numbers, numbers)] += share * pairs
