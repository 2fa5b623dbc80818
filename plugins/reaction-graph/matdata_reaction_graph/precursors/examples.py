"""Candidates of products with what is known of each, as padded arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata_reaction_graph.precursors.candidates import CANDIDATES, candidates_of
from matdata_reaction_graph.precursors.neighbours import WIDTHS, Found, Neighbours
from matdata_reaction_graph.precursors.records import Product
from matdata_reaction_graph.precursors.vocabulary import OXYGEN, VOLATILE, Vocabulary

LARGEST = 10  # precursors of a set that the network reads
SMOOTHING = 0.3  # neighbours that a wider circle counts as
PER_PRECURSOR = 2 * len(WIDTHS)  # logarithms of share and of count, by width
PER_SET = len(WIDTHS) + 2
Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Examples:
    """Candidates of n products, C each.

    Attributes
    ----------
    sets
        The candidates of each product, best first by their shares among neighbours.
    places : (n, C, L)
        Precursors of each candidate; the size of the vocabulary where there is none.
    precursors : (n, C, L, `PER_PRECURSOR`)
        What is known of each of them.
    whole : (n, C, `PER_SET`)
        What is known of each candidate.
    exists, right : (n, C)
        Whether there is such a candidate, and whether it is reported.
    """

    sets: list[list[frozenset[int]]]
    places: Array
    precursors: Array
    whole: Array
    exists: Array
    right: Array


def examples_of(
    words: Vocabulary,
    neighbours: Neighbours,
    products: Sequence[Product],
    apart: npt.NDArray[np.int64] | None = None,
) -> Examples:
    """Candidates of products; `apart` as of `Neighbours.around`."""
    count = len(products)
    shape = (count, CANDIDATES, LARGEST)
    places = np.full(shape, len(words), np.int64)
    known = np.zeros((*shape, PER_PRECURSOR), np.float32)
    whole = np.zeros((count, CANDIDATES, PER_SET), np.float32)
    exists, right = (np.zeros((count, CANDIDATES), bool) for _ in range(2))
    sets: list[list[frozenset[int]]] = []
    for row, found in enumerate(neighbours.around(products, apart)):
        product = products[row]
        tried, about = _known(words, found, product.amounts)
        scores = dict(zip(tried, about[:, 0].tolist(), strict=True))
        at = {place: number for number, place in enumerate(tried)}
        candidates = candidates_of(words, product.amounts, scores)
        true = {words.places(one) for one in product.sets}
        sets.append([one for one, _ in candidates])
        for number, (chosen, score) in enumerate(candidates):
            members = sorted(chosen)[:LARGEST]
            places[row, number, : len(members)] = members
            known[row, number, : len(members)] = about[[at[place] for place in members]]
            ratio = (neighbours.of_set(found, chosen) + 1e-3) / (found.mass + 0.1)
            whole[row, number] = [*np.log(ratio), score, len(chosen)]
            exists[row, number], right[row, number] = True, chosen in true
    return Examples(sets, places, known, whole, exists, right)


def _known(words: Vocabulary, found: Found, elements: Iterable[int]) -> tuple[list[int], Array]:
    """Precursors with an element of the product, and (k, `PER_PRECURSOR`) what is known of each.

    The share of a precursor is that of the neighbours which hold its rarest element of the product.
    Few neighbours are filled up with the share in the next wider circle.
    """
    own = frozenset(elements) - {OXYGEN}
    tried = sorted({place for number in own for place in words.sources.get(number, ())})
    about = np.zeros((len(tried), PER_PRECURSOR), np.float32)
    if not tried:
        return tried, about
    mine = [sorted((words.elements[p] & own) - VOLATILE or words.elements[p] & own) for p in tried]
    share: Array = np.full(len(tried), 1e-4, np.float32)
    for width in reversed(range(len(WIDTHS))):
        elements_there = found.elements[width]
        holders = np.array([elements_there[one].min() for one in mine], np.float32)
        used = found.precursors[width, tried]
        share = (used + SMOOTHING * share) / (holders + SMOOTHING)
        about[:, 2 * width] = np.log(share + 1e-7)
        about[:, 2 * width + 1] = np.log(holders + 1e-3)
    return tried, about
