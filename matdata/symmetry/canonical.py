"""Canonical labels: the smallest of all equivalent relabellings of Wyckoff letters.

Letters depend on the choice of origin and cell (Goodall 2022, thesis 6.3.4). The order is that of
`matdata.symmetry.protostructure`.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from string import ascii_uppercase

import numpy as np

from matdata.core import elements
from matdata.tables import wyckoff
from matdata.tables.wyckoff import LETTERS, Convention

_SCORES = np.array([0 if letter == "A" else i + 1 for i, letter in enumerate(LETTERS)])


def label_of(
    group: int,
    pearson: str,
    occupied: Mapping[int, Iterable[str]],
    amounts: Mapping[int, int],
    convention: Convention = "affine",
) -> tuple[str, dict[int, str]]:
    """The canonical label of one protostructure.

    Parameters
    ----------
    group, pearson
        Space-group number and Pearson symbol.
    occupied
        By atomic number one letter per orbit, in any order.
    amounts
        Sites by atomic number, of the conventional cell or of any other.

    Returns
    -------
    label
        The text.
    words
        By atomic number the canonical letters, sorted; elements in the order of the label.
    """
    symbols = elements.symbols()
    species = sorted(amounts, key=symbols.__getitem__)
    words = tuple("".join(sorted(occupied[number])) for number in species)
    text, canonical = canonical_words(group, words, convention)
    formula = anonymous_formula([amounts[number] for number in species])
    system = "-".join(symbols[number] for number in species)
    label = f"{formula}_{pearson}_{group}_{text}:{system}"
    return label, dict(zip(species, canonical, strict=True))


def anonymous_formula(amounts: list[int]) -> str:
    """``[1, 2]`` gives ``AB2``: amounts over their common divisor, elements named in order."""
    divisor = math.gcd(*amounts)
    reduced = [amount // divisor for amount in amounts]
    # The notation ends at 26 elements; the rest of the label still distinguishes them.
    return "".join(
        name + (str(amount) if amount > 1 else "")
        for name, amount in zip(ascii_uppercase, reduced, strict=False)
    )


@functools.lru_cache(maxsize=65536)
def canonical_words(
    group: int, words: tuple[str, ...], convention: Convention = "affine"
) -> tuple[str, tuple[str, ...]]:
    """The smallest equivalent relabelling of the letters that each element occupies.

    Parameters
    ----------
    group
        Space-group number.
    words
        Per element, in label order, one letter per orbit (``"aab"``).

    Returns
    -------
    text
        The letters as written in the label: ``2ab_c``.
    words
        The relabelled letters, sorted.
    """
    table = wyckoff.relabellings(group, convention)
    codes = [[LETTERS.index(letter) for letter in sorted(set(word))] for word in words]
    used = sorted({code for row in codes for code in row})
    # Every relabelling permutes letters, so only those with the smallest sum need spelling out.
    scores = _SCORES[table[:, [code for row in codes for code in row]]].sum(axis=1)
    candidates = []
    for images in set(map(bytes, table[scores == scores.min()][:, used])):
        substitution = {
            ord(LETTERS[code]): LETTERS[new] for code, new in zip(used, images, strict=True)
        }
        relabelled = tuple("".join(sorted(word.translate(substitution))) for word in words)
        candidates.append(("_".join(map(_spell, relabelled)), relabelled))
    return min(candidates)


def _spell(word: str) -> str:
    """``"aab"`` becomes ``"2ab"``."""
    counts = sorted(Counter(word).items())
    return "".join(f"{n if n > 1 else ''}{letter}" for letter, n in counts)
