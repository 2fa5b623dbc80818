"""Map of the probabilities of element substitution (Goodall 2022, thesis fig. 6.14)."""

from __future__ import annotations

import numpy as np

from matdata.candidates.matrix import SubstitutionMatrix
from matdata.core import elements
from matdata.figures.matrices import heat_map
from matdata.figures.picture import Look, Picture

#: The 36 elements of groups 1, 2 and 13 to 17 in periods 1 to 6, by group.
MAIN_GROUP = (
    1, 3, 11, 19, 37, 55,
    4, 12, 20, 38, 56,
    5, 13, 31, 49, 81,
    6, 14, 32, 50, 82,
    7, 15, 33, 51, 83,
    8, 16, 34, 52, 84,
    9, 17, 35, 53, 85,
)  # fmt: skip


def substitution_map(matrix: SubstitutionMatrix, look: Look | None = None) -> Picture:
    """Decadic logarithm of p(a -> b) among main-group elements; empty where it is zero."""
    numbers, symbols = list(MAIN_GROUP), elements.symbols()
    p = matrix.probabilities[np.ix_(numbers, numbers)]
    values = np.full(p.shape, np.nan)
    np.log10(p, out=values, where=p > 0)
    look = look or Look(caption=(matrix.origin,))
    title = "Element substitution"
    return heat_map(values, [symbols[z] for z in numbers], "log₁₀ p(from → to)", title, look)
