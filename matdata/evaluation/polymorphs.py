"""Whether a model ranks the polymorphs of a composition (Goodall 2022, thesis 6.4.3)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from matdata.core.crystals import Float, offsets_of

ROWS = 1024  # of a composition compared with all others of it at once


class PairRanking(NamedTuple):
    """Pairs of materials of one composition, by which one is predicted to be lower.

    Attributes
    ----------
    right, tied
        Pairs whose order is predicted, and those predicted to be equal.
    pairs
        All whose true values differ.
    compositions
        Compositions with at least one such pair.
    """

    right: int
    tied: int
    pairs: int
    compositions: int

    @property
    def share(self) -> float:
        """Share of pairs in the right order; a tie counts one half. NaN without pairs."""
        return (self.right + 0.5 * self.tied) / self.pairs if self.pairs else float("nan")


def pair_ranking(compositions: Sequence[str], true: Float, predicted: Float) -> PairRanking:
    """Count the pairs within each composition whose order is predicted.

    Parameters
    ----------
    compositions : (n,)
        Reduced formulas.
    true, predicted : (n,)
        Energies per atom, or anything else that is ordered.
    """
    _, group, sizes = np.unique(
        np.asarray(compositions, dtype=np.str_), return_inverse=True, return_counts=True
    )
    order = np.argsort(group, kind="stable")
    offsets = offsets_of(sizes).tolist()
    right = tied = pairs = ranked = 0
    for first, last in itertools.pairwise(offsets):
        rows = order[first:last]
        counts = _pairs(true[rows], predicted[rows]) if len(rows) > 1 else (0, 0, 0)
        right, tied, pairs = right + counts[0], tied + counts[1], pairs + counts[2]
        ranked += counts[2] > 0
    return PairRanking(right, tied, pairs, ranked)


def _pairs(true: Float, predicted: Float) -> tuple[int, int, int]:
    """Right, tied and all pairs of one composition, each pair once."""
    right = tied = pairs = 0
    for first in range(0, len(true), ROWS):
        rows = slice(first, first + ROWS)
        lower = true[rows, None] < true[None, :]  # of each pair one way round alone
        gap = predicted[rows, None] - predicted[None, :]
        right += int((lower & (gap < 0)).sum())
        tied += int((lower & (gap == 0)).sum())
        pairs += int(lower.sum())
    return right, tied, pairs
