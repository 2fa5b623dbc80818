"""Which candidates there are: draws for all parents, each protostructure once.

Parents are read piece by piece. Of a candidate some twenty bytes are held until the last parent is
read: the row of its parent, its elements, its weight and a key of its label.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matdata.candidates.draw import Drawn, Rule, draw
from matdata.core.composition import reduced_formula
from matdata.core.crystals import Float, Int, gather_index, offsets_of
from matdata.core.errors import StructureError
from matdata.core.random_keys import UInt
from matdata.symmetry.canonical import label_of
from matdata.symmetry.labels import Label, parse_label

BLOCK = 256  # parents whose draws are searched together


class Parents(NamedTuple):
    """Some parents, one after another.

    Attributes
    ----------
    start
        Row of the first.
    ids
        Their n ids.
    labels
        Their n protostructures; None for one that has none, or shall have no candidates.
    """

    start: int
    ids: Sequence[str]
    labels: Sequence[str | None]


@dataclass(frozen=True, eq=False)
class Selection:
    """The candidates, in the order of their parents and draws.

    Attributes
    ----------
    parent : (m,) int64
        Rows of the parents, ascending.
    numbers : (M,) uint8
        New elements of each candidate, in the order of its parent's label.
    offsets : (m + 1,) int64
        Candidate `i` has the elements ``offsets[i]:offsets[i + 1]``.
    log_weight : (m,) float64
        As of `Drawn`.
    draws : (m,) int64
        How many draws led to the candidate.
    n_drawn, n_known, n_repeated
        Draws in all, those that led to the protostructure of a parent, and those that led to the
        candidate of an earlier one.
    n_parents, n_barren
        Parents with a protostructure, and those of them without any draw.
    """

    parent: Int
    numbers: npt.NDArray[np.uint8]
    offsets: Int
    log_weight: Float
    draws: Int
    n_drawn: int
    n_known: int
    n_repeated: int
    n_parents: int
    n_barren: int

    def __len__(self) -> int:
        return len(self.parent)

    def counts(self) -> dict[str, int]:
        """The numbers by name."""
        return {
            "parents": self.n_parents,
            "parents_without_substitution": self.n_barren,
            "drawn": self.n_drawn,
            "known_protostructures": self.n_known,
            "repeated": self.n_repeated,
            "candidates": len(self),
        }


def substituted(parent: Label, numbers: Sequence[int]) -> tuple[str, str]:
    """Label and reduced formula of a parent whose elements are replaced, in their order.

    The label is canonical: other elements can make another description the smallest.
    """
    amounts = dict(zip(numbers, parent.sites.values(), strict=True))
    words = dict(zip(numbers, parent.words, strict=True))
    label, _ = label_of(parent.group, parent.pearson, words, amounts)
    return label, reduced_formula(amounts)


def select(parents: Iterable[Parents], rule: Rule, seed: int, limit: int | None) -> Selection:
    """Draw candidates for all parents, and keep the first of each protostructure.

    Those that are the protostructure of a parent are left out.

    Parameters
    ----------
    parents
        All parents in the order of their rows, in pieces.
    rule, seed
        As of `draw`.
    limit
        At most so many candidates.
    """
    pieces, known, n_parents = [], [], 0
    for piece in parents:
        labels = _parsed(piece.labels)
        n_parents += len(labels)
        known.append(_keys(label for label in piece.labels if label))
        pieces += [_Piece.of(drawn, rows, labels, piece.start)
                   for rows, drawn in _draws(piece, labels, rule, seed)]  # fmt: skip
    return _distinct(pieces, np.concatenate([np.empty(0, np.uint64), *known]), n_parents, limit)


@dataclass(frozen=True, eq=False)
class _Piece:
    """Draws of some parents, with the key of each one's label."""

    parent: Int
    numbers: npt.NDArray[np.uint8]
    lengths: Int
    log_weight: Float
    keys: UInt

    @classmethod
    def of(cls, drawn: Drawn, rows: Int, labels: dict[int, Label], start: int) -> _Piece:
        parent = rows[drawn.parent]
        keys = _keys(
            substituted(labels[row], numbers)[0]
            for row, numbers in zip(parent.tolist(), drawn.numbers.tolist(), strict=True)
        )
        lengths = np.full(len(parent), drawn.numbers.shape[1])
        return cls(start + parent, drawn.numbers.ravel(), lengths, drawn.log_weight, keys)


def _parsed(labels: Sequence[str | None]) -> dict[int, Label]:
    """By row the parts of the labels that can be read."""
    parsed = {}
    for row, label in enumerate(labels):
        if label:
            try:
                parsed[row] = parse_label(label)
            except StructureError:
                continue
    return parsed


def _keys(labels: Iterable[str]) -> UInt:
    """A 64-bit number per text."""
    digests = b"".join(hashlib.blake2b(one.encode(), digest_size=8).digest() for one in labels)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def _draws(
    piece: Parents, labels: dict[int, Label], rule: Rule, seed: int
) -> Iterator[tuple[Int, Drawn]]:
    """Rows of some parents with equally many elements, and their draws."""
    by_size: dict[int, list[int]] = {}
    for row, label in labels.items():
        by_size.setdefault(len(label.species), []).append(row)
    for _, rows in sorted(by_size.items()):
        for first in range(0, len(rows), BLOCK):
            some = rows[first : first + BLOCK]
            numbers = np.array([labels[row].species for row in some], dtype=np.uint8)
            codes = _keys(piece.ids[row] for row in some)
            yield np.array(some), draw(numbers, codes, seed, rule)


def _distinct(pieces: list[_Piece], known: UInt, n_parents: int, limit: int | None) -> Selection:
    """The first draw of each protostructure, in the order of parents."""
    none = _Piece(np.empty(0, np.int64), np.empty(0, np.uint8), np.empty(0, np.int64),
                  np.empty(0), np.empty(0, np.uint64))  # fmt: skip
    columns = [[getattr(one, name) for one in (none, *pieces)] for name in
               ("parent", "lengths", "log_weight", "keys")]  # fmt: skip
    parent, lengths, log_weight, keys = (np.concatenate(one) for one in columns)
    numbers = np.concatenate([none.numbers, *(one.numbers for one in pieces)])
    order = np.argsort(parent, kind="stable")
    order = order[~np.isin(keys[order], known)]
    _, first, count = np.unique(keys[order], return_index=True, return_counts=True)
    by_place = np.argsort(first)[:limit]
    rows = order[first[by_place]]
    index, offsets = gather_index(offsets_of(lengths), rows)
    return Selection(
        parent[rows],
        numbers[index],
        offsets,
        log_weight[rows],
        count[by_place],
        n_drawn=len(parent),
        n_known=len(parent) - len(order),
        n_repeated=len(order) - len(first),
        n_parents=n_parents,
        n_barren=n_parents - len(np.unique(parent)),
    )
