"""The matrix of substitution probabilities p(a -> b)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matdata.core import elements
from matdata.core.crystals import Float, Int
from matdata.core.digest import digest_arrays
from matdata.core.errors import CurationError


@dataclass(frozen=True, eq=False)
class SubstitutionMatrix:
    """How probable it is that an element takes the place of another.

    Attributes
    ----------
    probabilities : (119, 119) float64
        By atomic number: ``[a, b]`` is p(a -> b). Rows sum to one, those of elements of which
        nothing is known to zero.
    origin
        What it was made from, for people.
    """

    probabilities: Float
    origin: str

    @classmethod
    def of_counts(cls, counts: Float, origin: str) -> SubstitutionMatrix:
        """Normalise the rows of counts, or of joint probabilities, (119, 119).

        Raises
        ------
        CurationError
            If there is no substitution at all.
        """
        totals = counts.sum(axis=1, keepdims=True)
        matrix = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
        if not (matrix - np.diag(np.diag(matrix))).any():
            raise CurationError(
                f"{origin}: no two materials of a prototype differ by an element",
                cause="the dataset is small, or has no symmetry",
                next_step="count from a larger dataset (count_from), or take the prior of pymatgen",
            )
        return cls(matrix, origin)

    @property
    def numbers(self) -> Int:
        """Atomic numbers of the elements of which something is known, ascending."""
        return np.flatnonzero(self.probabilities.any(axis=0) | self.probabilities.any(axis=1))

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the probabilities."""
        return digest_arrays({"probabilities": self.probabilities})

    def columns(self) -> dict[str, list[object]]:
        """A table: a row per element a (column ``from``), p(a -> b) in a column per element b."""
        numbers, symbols = self.numbers.tolist(), elements.symbols()
        table: dict[str, list[object]] = {"from": [symbols[a] for a in numbers]}
        return table | {symbols[b]: self.probabilities[numbers, b].tolist() for b in numbers}
