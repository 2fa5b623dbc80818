"""Chemical systems as sets of bits, by which entries and compositions are grouped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions
from matdata.core.crystals import Int, gather_index, offsets_of

Masks = npt.NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Fractions:
    """Compositions as atomic fractions; elements without atoms are left out.

    Attributes
    ----------
    numbers : (M,) uint8
        Atomic numbers, ascending within each composition.
    values : (M,) float64
        Atomic fractions; those of a composition sum to 1.
    offsets : (n + 1,) int64
        Composition `i` holds the entries ``offsets[i]:offsets[i + 1]``.
    """

    numbers: npt.NDArray[np.uint8]
    values: npt.NDArray[np.float64]
    offsets: Int

    @classmethod
    def of(cls, compositions: Compositions) -> Fractions:
        """Fractions of n compositions; one without any atom has no entries."""
        holds = compositions.amounts > 0.0
        numbers, amounts = compositions.numbers[holds], compositions.amounts[holds]
        owner = np.repeat(np.arange(len(compositions)), np.diff(compositions.offsets))[holds]
        lengths = np.bincount(owner, minlength=len(compositions))
        totals = np.bincount(owner, amounts, minlength=len(compositions))
        return cls(numbers, amounts / totals[owner], offsets_of(lengths))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def joined(cls, first: Fractions, second: Fractions) -> Fractions:
        """Compositions of both, one after another."""
        return cls(
            np.concatenate([first.numbers, second.numbers]),
            np.concatenate([first.values, second.values]),
            np.append(first.offsets, second.offsets[1:] + first.offsets[-1]),
        )

    def take(self, rows: Int) -> Fractions:
        """Compositions of some rows (k,), in that order."""
        index, offsets = gather_index(self.offsets, rows)
        return Fractions(self.numbers[index], self.values[index], offsets)

    def masks(self) -> Masks:
        """The elements of each as bits, (n, 2): element Z is bit ``(Z - 1) % 64`` of a word."""
        place = self.numbers.astype(np.int64) - 1
        bits = np.left_shift(np.uint64(1), (place % 64).astype(np.uint64))
        owner = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        out = np.zeros((len(self), 2), np.uint64)
        np.bitwise_or.at(out, (owner, place // 64), bits)
        return out

    def keys(self) -> Int:
        """A number for each that only equal compositions share, (n,), to 1e-9 in each fraction."""
        lengths = np.diff(self.offsets)
        key = np.zeros(len(self), np.int64)
        for place in range(int(lengths.max(initial=0))):
            has = np.flatnonzero(lengths > place)
            at = self.offsets[has] + place
            part = np.full(len(self), -1, np.int64)
            part[has] = np.rint(self.values[at] * 1e9).astype(np.int64) * 256 + self.numbers[at]
            _, part = np.unique(part, return_inverse=True)
            _, key = np.unique(key * (part.max(initial=0) + 1) + part, return_inverse=True)
        return key


@dataclass(frozen=True, eq=False)
class Grouped:
    """Rows by their chemical systems.

    Attributes
    ----------
    masks : (m, 2) uint64
        Each system once, in ascending order.
    order : (n,) int64
        Rows, system by system, in their own order within one.
    bounds : (m + 1,) int64
        System `s` has the rows ``order[bounds[s]:bounds[s + 1]]``.
    """

    masks: Masks
    order: Int
    bounds: Int


def grouped(masks: Masks) -> Grouped:
    """Group rows by their chemical systems (n, 2)."""
    order = np.lexsort((masks[:, 0], masks[:, 1]))
    ranked = masks[order]
    begins = np.ones(len(masks), bool)
    begins[1:] = (ranked[1:] != ranked[:-1]).any(1)
    starts = np.flatnonzero(begins)
    return Grouped(ranked[starts], order.astype(np.int64), np.append(starts, len(masks)))


def lowest_of_each(fractions: Fractions, energies: npt.NDArray[np.float64], rows: Int) -> Int:
    """Places of the lowest entry of each composition, ascending; of equals that of lowest row.

    Parameters
    ----------
    fractions, energies, rows : (n,)
        Compositions, energies, and what equals are ordered by.
    """
    keys = fractions.keys()
    order = np.lexsort((rows, energies, keys))
    first = np.ones(len(order), bool)
    first[1:] = keys[order][1:] != keys[order][:-1]
    return np.sort(order[first])
