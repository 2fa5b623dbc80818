"""What similar products were made of: shares of precursors and of whole sets among neighbours.

The similarity of two compositions is Bhattacharyya's coefficient of their atomic fractions,
``b = sum_i sqrt(x_i y_i)``, and a neighbour weighs ``exp((b - 1) / h)``, for several widths h; the
widest weighs all products equally.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata_reaction_graph.precursors.records import Product, fractions_of
from matdata_reaction_graph.precursors.vocabulary import Vocabulary

Float32 = npt.NDArray[np.float32]
WIDTHS = (0.01, 0.05, 0.25, np.inf)
CHUNK = 512  # products whose weights are in memory


@dataclass(frozen=True, eq=False)
class Found:
    """Weighted counts around one product, by width (w).

    Attributes
    ----------
    precursors : (w, P)
        Neighbours made of each precursor.
    elements : (w, 119)
        Neighbours that hold each element.
    mass : (w,)
        All neighbours.
    weights : (w, n)
        Of each training product.
    """

    precursors: Float32
    elements: Float32
    mass: Float32
    weights: Float32


class Neighbours:
    """Training products as neighbours.

    Parameters
    ----------
    products
        The n training products.
    words
        Their precursors.
    """

    def __init__(self, products: Sequence[Product], words: Vocabulary) -> None:
        fractions = fractions_of([one.amounts for one in products])
        self._roots = np.sqrt(fractions)
        self._present = (fractions > 0).astype(np.float32)
        self._words = words
        self._sets: dict[frozenset[int], tuple[list[int], list[float]]] = {}
        for row, one in enumerate(products):
            total = sum(one.sets.values())
            for chosen, count in one.sets.items():
                places = words.places(chosen)
                assert places is not None
                rows, shares = self._sets.setdefault(places, ([], []))
                rows.append(row)
                shares.append(count / total)

    def around(
        self, products: Sequence[Product], apart: npt.NDArray[np.int64] | None = None
    ) -> Iterator[Found]:
        """Counts around products, one after another.

        Parameters
        ----------
        products
            What is asked about.
        apart
            For the training products themselves: the number of the group of each. Those of the
            same group are no neighbours.
        """
        for start in range(0, len(products), CHUNK):
            part = products[start : start + CHUNK]
            roots = np.sqrt(fractions_of([one.amounts for one in part]))
            distance = roots @ self._roots.T - 1.0
            weights = np.stack([np.exp(distance / np.float32(width)) for width in WIDTHS])
            if apart is not None:
                same = apart[start : start + CHUNK, None] == apart[None]
                weights[:, same] = 0.0
            precursors, elements = weights @ self._words.weights, weights @ self._present
            for row in range(len(part)):
                own = weights[:, row]
                yield Found(precursors[:, row], elements[:, row], own.sum(1), own)

    def of_set(self, found: Found, places: frozenset[int]) -> Float32:
        """Weighted count of neighbours that were made of exactly this set, (w,)."""
        rows, shares = self._sets.get(places, ([], []))
        if not rows:
            return np.zeros(len(WIDTHS), np.float32)
        counted: Float32 = found.weights[:, rows] @ np.array(shares, np.float32)
        return counted
