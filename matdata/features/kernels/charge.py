"""Whether oxidation states exist that make a composition neutral, one state an element."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.jit import kernel

Array = np.ndarray[Any, Any]

#: A total charge below this is zero: the absolute tolerance of ``numpy.isclose``.
NEUTRAL = 1e-8
#: Different charges of half of the elements beyond which the search is given up.
MAX_SUMS = 1 << 22
IMPOSSIBLE, POSSIBLE, UNDECIDED = range(3)


@kernel
def _sums(numbers: Array, amounts: Array, states: Array, counts: Array) -> Array:
    """Charges of all choices of one state for each element, ascending; equal ones once.

    Empty if they are too many.
    """
    sums = np.zeros(1)
    for element in range(len(numbers)):
        number, amount = numbers[element], amounts[element]
        if len(sums) * counts[number] > MAX_SUMS:
            return sums[:0]
        grown = np.empty(len(sums) * counts[number])
        k = 0
        for state in range(counts[number]):
            for charge in sums:
                grown[k] = charge + states[number, state] * amount
                k += 1
        grown.sort()
        kept = 1
        for k in range(1, len(grown)):
            if grown[k] != grown[kept - 1]:
                grown[kept] = grown[k]
                kept += 1
        sums = grown[:kept]
    return sums


@kernel
def _neutral(numbers: Array, amounts: Array, states: Array, counts: Array) -> int:
    """Meet in the middle: a charge of the first elements and its opposite of the others."""
    for number in numbers:
        if counts[number] == 0:
            return IMPOSSIBLE
    half = len(numbers) // 2
    first = _sums(numbers[:half], amounts[:half], states, counts)
    second = _sums(numbers[half:], amounts[half:], states, counts)
    if len(first) == 0 or len(second) == 0:
        return UNDECIDED
    low, high = 0, len(second) - 1
    while low < len(first) and high >= 0:
        total = first[low] + second[high]
        if abs(total) <= NEUTRAL:
            return POSSIBLE
        if total < 0.0:
            low += 1
        else:
            high -= 1
    return IMPOSSIBLE


@kernel
def _all_neutral(
    numbers: Array, amounts: Array, offsets: Array, states: Array, counts: Array, possible: Array
) -> None:
    for row in range(len(possible)):
        begin, end = offsets[row], offsets[row + 1]
        if end - begin < 2:
            possible[row] = POSSIBLE
        else:
            possible[row] = _neutral(numbers[begin:end], amounts[begin:end], states, counts)


def neutral_compounds(
    numbers: npt.NDArray[np.uint8],
    amounts: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.int64],
    states: npt.NDArray[np.float64],
    counts: npt.NDArray[np.int64],
) -> npt.NDArray[np.uint8]:
    """Whether the elements of each composition can be ions of one charge each that sum to zero.

    The work grows with the square root of the number of choices; from some 20 elements of
    incommensurate amounts on, the search is given up. Compositions of one element
    count as possible; those with an element that has no oxidation states do not.

    Parameters
    ----------
    numbers, amounts : (M,)
        Atomic numbers and amounts of the elements of all compositions.
    offsets : (n + 1,)
        Composition `i` holds the entries ``offsets[i]:offsets[i + 1]``.
    states : (119, s)
        Oxidation states by atomic number.
    counts : (119,)
        How many of each row of `states` hold.

    Returns
    -------
    (n,) uint8
        `IMPOSSIBLE` (0), `POSSIBLE` (1) or `UNDECIDED` (2).
    """
    possible = np.zeros(len(offsets) - 1, dtype=np.uint8)
    _all_neutral(numbers, amounts, offsets, states, counts, possible)
    return possible
