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
from matdata.core.errors import StructureError
from matdata.tables import wyckoff

_LETTERS = re.compile(r"(\d*)([a-zA])")
_WORD = re.compile(r"(?:\d{0,4}[a-zA])+")
_HEAD = re.compile(r"[A-Z0-9]+_([a-zA-Z]{2}\d{1,6})_(\d{1,3})((?:_[0-9a-zA]+)+)")
MAX_LABEL = 2000  # characters; those of 20,000 crystals of the Materials Project have up to 300
MAX_ORBITS = 20_000


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


class Label(NamedTuple):
    """The parts of a protostructure label.

    Attributes
    ----------
    group, pearson
        Space-group number and Pearson symbol.
    species
        Atomic numbers, in the order of the label.
    words
        The letters that each species occupies, one per orbit (``"aab"``).
    """

    group: int
    pearson: str
    species: tuple[int, ...]
    words: tuple[str, ...]

    @property
    def sites(self) -> dict[int, int]:
        """Sites of each species in the conventional cell: the multiplicities of its orbits."""
        counts = site_counts(self.group, self.words)
        return dict(zip(self.species, counts, strict=True))


@functools.lru_cache(maxsize=65536)
def site_counts(group: int, words: tuple[str, ...]) -> tuple[int, ...]:
    """Sites of the conventional cell on the orbits of each word (``"aab"``)."""
    rows = [wyckoff.position_rows(np.full(len(word), group), np.array([*word])) for word in words]
    return tuple(int(wyckoff.multiplicities()[one].sum()) for one in rows)


def parse_label(label: str) -> Label:
    """The parts of a label of any origin.

    Raises
    ------
    StructureError
        If it is none: another notation, letters that its space group lacks, an unknown element.
    """
    head, _, system = label.partition(":")
    pearson, group, words = _parse_head(head)
    species = tuple(atomic_number(symbol) for symbol in system.split("-"))
    if len(species) != len(words) or len({*species}) != len(species):
        raise StructureError(
            f"protostructure {label[:100]!r} has {len(words)} lists of Wyckoff letters for "
            f"{len(species)} elements",
            next_step="expected AB2_tP6_136_a_f:Ti-O, each element once",
        )
    return Label(group, pearson, species, words)


@functools.lru_cache(maxsize=16384)
def _parse_head(head: str) -> tuple[str, int, tuple[str, ...]]:
    """Pearson symbol, space group and words of what stands before the colon."""
    match = _HEAD.fullmatch(head) if len(head) <= MAX_LABEL else None
    spelled = match[3].removeprefix("_").split("_") if match else []
    if match is None or not all(map(_WORD.fullmatch, spelled)):
        raise StructureError(
            f"{head[:100]!r} is no protostructure",
            next_step="expected anonymous formula, Pearson symbol, space group and Wyckoff letters "
            "of each element: AB2_tP6_136_a_f:Ti-O",
        )
    counted = [_LETTERS.findall(word) for word in spelled]
    if sum(int(count or 1) for word in counted for count, _ in word) > MAX_ORBITS:
        raise StructureError(f"{head[:100]!r} has more than {MAX_ORBITS:,} orbits")
    group = int(match[2])
    words = tuple("".join(letter * int(n or 1) for n, letter in word) for word in counted)
    unknown = {*"".join(words)} - {*wyckoff.letters(group)}
    if unknown or not all(words):
        lacking = min(unknown, default="")
        raise StructureError(
            f"{head[:100]!r}: space group {group} has no Wyckoff position {lacking!r}"
        )
    return match[1], group, words


def orbits_of_labels(labels: Sequence[str]) -> Orbits:
    """The orbits of n protostructure labels.

    Raises
    ------
    StructureError
        If one is no label.
    """
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
    read = parse_label(label)
    numbers = bytes(
        number for number, word in zip(read.species, read.words, strict=True) for _ in word
    )
    return read.group, numbers, "".join(read.words)
