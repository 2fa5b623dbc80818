"""Prototypes: protostructures without their elements, and the slot that each element takes.

A label names elements in alphabetical order, so that of Mg-O and that of Cl-Na do not say which
elements take the same place. Here the slots of a prototype have an order of their own, the same
for every material of it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from matdata.core import elements
from matdata.symmetry.labels import Label
from matdata.tables import wyckoff
from matdata.tables.wyckoff import LETTERS


class Prototype(NamedTuple):
    """Which Wyckoff positions are occupied by one element each.

    Attributes
    ----------
    group
        Space-group number.
    words
        Letters of each slot (``"aab"``), sorted; the smallest of all equivalent descriptions.
    """

    group: int
    words: tuple[str, ...]


def prototype_of(label: Label) -> tuple[Prototype, tuple[int, ...]]:
    """The prototype of a protostructure, and the atomic number of the element in each slot.

    Where slots are equivalent (equal letters, or positions that a change of origin swaps, as in
    rock salt), the element of lowest electronegativity comes first: nothing else says which
    elements of two materials correspond.
    """
    prototype, arrangements = _arrangements(label.group, label.words)
    x = _sort_keys()
    best: tuple[tuple[float, ...], tuple[int, ...]] | None = None
    for images in arrangements:
        order = sorted(range(len(images)), key=lambda slot: (images[slot], x[label.species[slot]]))
        numbers = tuple(label.species[slot] for slot in order)
        ranked = tuple(x[number] for number in numbers), numbers
        best = ranked if best is None else min(best, ranked)
    assert best is not None  # the identity is among the relabellings
    return prototype, best[1]


@functools.cache
def _sort_keys() -> tuple[float, ...]:
    """Electronegativities by atomic number; elements without one come last."""
    x = elements.electronegativities()
    return tuple(np.where(np.isnan(x), np.inf, x).tolist())


@functools.lru_cache(maxsize=65536)
def _arrangements(
    group: int, words: tuple[str, ...]
) -> tuple[Prototype, tuple[tuple[str, ...], ...]]:
    """The prototype, and the images of the words under the relabellings that lead to it."""
    images = {*_images(group, words)}
    smallest = min(tuple(sorted(one)) for one in images)
    alike = sorted(one for one in images if tuple(sorted(one)) == smallest)
    return Prototype(group, smallest), tuple(alike)


def _images(group: int, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The words under each relabelling of the group's letters."""
    for row in wyckoff.relabellings(group).tolist():
        table = {ord(LETTERS[code]): LETTERS[new] for code, new in enumerate(row)}
        yield tuple("".join(sorted(word.translate(table))) for word in words)
