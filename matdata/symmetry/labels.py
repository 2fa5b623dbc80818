"""Reading protostructure labels: the occupied orbits that `matdata.symmetry.protostructure` wrote.

A label holds all of them: ``AB2_tP6_136_a_f:Ti-O`` has titanium on position a and oxygen on f.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int, offsets_of
from matdata.core.elements import atomic_number
from matdata.tables import wyckoff

_LETTERS = re.compile(r"(\d*)([a-zA])")


class Orbits(NamedTuple):
    """Occupied orbits of n crystals, in the order of their labels.

    Attributes
    ----------
    numbers : (K,) uint8
        Atomic number of each orbit.
    position_rows : (K,) int64
        Each orbit's row among the 1,731 positions of `matdata.tables.wyckoff`.
    offsets : (n + 1,) int64
        Crystal `i` holds the orbits ``offsets[i]:offsets[i + 1]``.
    """

    numbers: npt.NDArray[np.uint8]
    position_rows: Int
    offsets: Int


def orbits_of_labels(labels: Sequence[str]) -> Orbits:
    """The orbits of n protostructure labels."""
    read = [_orbits(label) for label in labels]
    groups = np.array([group for group, numbers, _ in read for _ in numbers], dtype=np.int64)
    letters = np.array(list("".join(word for _, _, word in read)), dtype="<U1")
    return Orbits(
        np.frombuffer(b"".join(numbers for _, numbers, _ in read), dtype=np.uint8),
        wyckoff.position_rows(groups, letters),
        offsets_of([len(numbers) for _, numbers, _ in read]),
    )


@functools.lru_cache(maxsize=4096)
def _orbits(label: str) -> tuple[int, bytes, str]:
    """Space group, and by orbit the atomic number and the letter."""
    head, _, system = label.rpartition(":")
    _, _, group, *words = head.split("_")
    letters = ["".join(letter * int(count or 1) for count, letter in _LETTERS.findall(word))
               for word in words]  # fmt: skip
    species = [atomic_number(symbol) for symbol in system.split("-")]
    pairs = zip(species, letters, strict=True)
    numbers = bytes(number for number, word in pairs for _ in word)
    return int(group), numbers, "".join(letters)
