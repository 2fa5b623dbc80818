"""Which pairs of elements two models see differently (figure 12 of Du et al.).

A model's feature map of a compound has a row per element; `matdata.evaluation.cecv.environment`
makes a matrix of correlations between elements of it. The pair of a compound is the one whose
correlation differs most between two models. The paper subtracts maps and says neither how pairs
are read from them nor how a tie is broken; here the pair of the lightest elements comes first.
Standardised rows of two elements are +1 and -1 in every model, so compounds of fewer than three
elements have no pair.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from matdata.core.crystals import Int, Ragged
from matdata.core.errors import ConfigError
from matdata.evaluation.cecv import environment

#: Elements below which all correlations are the same in every model.
LEAST = 3

#: Atomic numbers of a pair, the smaller one first.
Pair = tuple[int, int]


def changed_pairs(
    own: Ragged, own_elements: Ragged, other: Ragged, other_elements: Ragged
) -> list[Pair | None]:
    """The pair of elements of each compound whose correlation differs most between two models.

    Parameters
    ----------
    own, other
        Feature maps of n compounds by two models, rows (elements, channels) of each.
    own_elements, other_elements
        Atomic numbers of these rows; the order within a compound may differ.

    Returns
    -------
    list of n
        Atomic numbers of the pair; None for a compound of fewer than three elements.

    Raises
    ------
    ConfigError
        If the compounds of the two models have other elements.
    """
    if not len(own) == len(own_elements) == len(other) == len(other_elements):
        raise ConfigError("the two models have feature maps of different numbers of compounds")
    return [
        _of_one(*(np.asarray(part[row]) for part in (own, own_elements, other, other_elements)))
        for row in range(len(own))
    ]


def counted_pairs(pairs: list[Pair | None]) -> dict[Pair, int]:
    """Compounds of each pair, most first; of equal numbers the lighter elements first."""
    counts = Counter(pair for pair in pairs if pair is not None)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _of_one(own: Int, numbers: Int, other: Int, other_numbers: Int) -> Pair | None:
    order, other_order = (
        np.argsort(numbers, kind="stable"),
        np.argsort(other_numbers, kind="stable"),
    )
    elements = numbers[order]
    if not np.array_equal(elements, other_numbers[other_order]):
        raise ConfigError("the two models have feature maps of compounds of other elements")
    if len(elements) < LEAST:
        return None
    first, second = (
        environment(np.asarray(rows, dtype=np.float64)[place])
        for rows, place in ((own, order), (other, other_order))
    )
    rows, columns = np.triu_indices(len(elements), 1)
    place = int(np.argmax(np.abs(first - second)[rows, columns]))
    return int(elements[rows[place]]), int(elements[columns[place]])
