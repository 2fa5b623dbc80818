"""Draws of substitutions: for each parent the most probable ones, or a sample without replacement.

A substitution gives every element of a parent a successor, itself or another one; its weight is the
product of p(a -> b) over all elements. There are far too many to list, so elements are decided one
after another, and only the best partial substitutions are kept (a beam). To sample, weights are
perturbed by Gumbel noise (the Gumbel-top-k trick), conditioned from the whole to its parts as in
Kool, van Hoof, Welling, ICML 2019 (stochastic beam search, algorithm 1). What was cut off is known
to lie below a bound, so the result is exact: where too few results lie above it, the beam widens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from matdata.candidates.matrix import SubstitutionMatrix
from matdata.core.crystals import Float, Int
from matdata.core.random_keys import UInt, mixed, random_keys, uniform

T = TypeVar("T", bound=np.generic)
WIDEST = 64  # times the number of draws: a beam that is not widened further
MARGIN = 6  # kept beside the draws: some collide, one is the parent itself


@dataclass(frozen=True, eq=False)
class Rule:
    """How substitutions are drawn.

    Attributes
    ----------
    log_probability : (119, 119) float64
        ln p(a -> b) by atomic number; -inf where b does not take the place of a.
    excluded : (119,) bool
        Elements that no result holds.
    count
        At most so many for each parent.
    sampled
        Drawn without replacement with their weights; else those of largest weight.
    one_element
        One element is replaced; else any number of them.
    """

    log_probability: Float
    excluded: npt.NDArray[np.bool_]
    count: int
    sampled: bool
    one_element: bool

    @classmethod
    def of(
        cls,
        matrix: SubstitutionMatrix,
        excluded: npt.NDArray[np.bool_],
        count: int,
        *,
        sampled: bool,
        one_element: bool,
    ) -> Rule:
        """The rule of a matrix; an element of which it knows nothing stays what it is."""
        p = matrix.probabilities.copy()
        unknown = np.flatnonzero(~p.any(axis=1))
        p[unknown, unknown] = 1.0
        p[:, excluded] = 0.0
        with np.errstate(divide="ignore"):
            return cls(np.log(p), excluded, count, sampled, one_element)


class Drawn(NamedTuple):
    """Substitutions of n parents of k elements, in the order in which they were drawn.

    Attributes
    ----------
    parent : (m,) int64
        Row of the parent, ascending.
    numbers : (m, k) uint8
        New elements, in the order of the parent's.
    log_weight : (m,) float64
        ln of the product of p(a -> b) over all elements; of the one that is replaced where only
        one may be.
    """

    parent: Int
    numbers: npt.NDArray[np.uint8]
    log_weight: Float


class _Beam(NamedTuple):
    """Partial substitutions of n parents, w of each.

    Attributes
    ----------
    numbers : (n, w, j) uint8
        Elements decided so far.
    weight, rank : (n, w) float64
        ln of the product of their probabilities, and the largest rank that one of the whole
        substitutions begun by them has; -inf for none.
    codes : (n, w) uint64
        What the noise of their continuations depends on.
    """

    numbers: npt.NDArray[np.uint8]
    weight: Float
    rank: Float
    codes: UInt


def draw(parents: npt.NDArray[np.uint8], codes: UInt, seed: int, rule: Rule) -> Drawn:
    """Draw substitutions for parents that have equally many elements.

    The draws of a parent depend on its elements and code alone, not on the other parents.

    Parameters
    ----------
    parents : (n, k) uint8
        Atomic numbers of the elements of each parent, all different.
    codes : (n,) uint64
        A number of each parent, from which its noise comes.
    seed
        Another seed draws others.
    rule
        How they are drawn.
    """
    keys = random_keys(seed, 0, codes)
    width = rule.count + MARGIN
    results, rows = [], np.arange(len(parents))
    while len(rows):
        beam, cut = _search(parents[rows], keys[rows], width, rule)
        valid = _is_new(beam, parents[rows])
        certain = valid & (beam.rank > cut[:, None])
        done = (certain.sum(axis=1) >= rule.count) | np.isneginf(cut)
        if width >= WIDEST * rule.count:
            done[:] = True
        results.append(_chosen(beam, certain & done[:, None], rows, rule.count))
        rows, width = rows[~done], 2 * width
    return _joined(results, parents.shape[1])


def _search(
    parents: npt.NDArray[np.uint8], keys: UInt, width: int, rule: Rule
) -> tuple[_Beam, Float]:
    """The best whole substitutions, and for each parent (n,) the best rank that was cut off."""
    n, k = parents.shape
    empty = np.zeros((n, 1, 0), dtype=np.uint8)
    beam = _Beam(empty, np.zeros((n, 1)), np.zeros((n, 1)), keys[:, None])
    if rule.one_element:
        return _single(parents, beam, width, rule)
    cut = np.full(n, -np.inf)
    highest = rule.log_probability.max(axis=1)[parents]  # (n, k)
    for slot in range(k):
        rest = highest[:, slot + 1 :].sum(axis=1)
        beam, lost = _extended(beam, parents[:, slot], rest, width, rule)
        cut = np.maximum(cut, lost)
    return beam, cut


def _extended(
    beam: _Beam, old: npt.NDArray[np.uint8], rest: Float, width: int, rule: Rule
) -> tuple[_Beam, Float]:
    """Decide one more element, (n,) `old`, of every partial substitution.

    Without noise they are ranked by the largest weight that they can end in: those of the elements
    to come add at most `rest` (n,).
    """
    n, size = len(old), rule.log_probability.shape[1]
    weight = beam.weight[:, :, None] + rule.log_probability[old][:, None, :]  # (n, w, E)
    codes = beam.codes[:, :, None] ^ mixed(np.arange(size, dtype=np.uint64))
    codes = mixed(codes)
    if rule.sampled:
        rank = _conditioned(weight + _gumbel(codes), beam.rank)
    else:
        rank = weight + rest[:, None, None]
    used = (beam.numbers[:, :, :, None] == np.arange(size)).any(axis=2)
    used |= np.isneginf(beam.rank)[:, :, None]
    rank = np.where(used | np.isneginf(weight), -np.inf, rank)  # two elements would become one
    place, lost = _best(rank.reshape(n, -1), width)
    rows, (source, number) = np.arange(n)[:, None], np.divmod(place, size)
    numbers = np.concatenate(
        [beam.numbers[rows, source], number[:, :, None].astype(np.uint8)], axis=2
    )
    return _Beam(numbers, _at(weight, place), _at(rank, place), _at(codes, place)), lost


def _single(
    parents: npt.NDArray[np.uint8], beam: _Beam, width: int, rule: Rule
) -> tuple[_Beam, Float]:
    """Substitutions of one element each by an element that the parent lacks."""
    n, size = len(parents), rule.log_probability.shape[1]
    weight = rule.log_probability[parents]  # (n, k, E)
    changes: UInt = parents[:, :, None].astype(np.uint64) * np.uint64(size)
    changes = changes + np.arange(size).astype(np.uint64)
    codes = mixed(beam.codes[:, :, None] ^ mixed(changes))
    rank = weight + _gumbel(codes) if rule.sampled else weight
    lost_causes = rule.excluded[parents]
    lost_causes = lost_causes.sum(axis=1, keepdims=True) > lost_causes  # another one would stay
    held = (parents[:, :, None] == np.arange(size)).any(axis=1)
    rank = np.where(held[:, None, :] | lost_causes[:, :, None] | np.isneginf(weight), -np.inf, rank)
    place, lost = _best(rank.reshape(n, -1), width)
    slot, number = np.divmod(place, size)
    numbers = np.repeat(parents[:, None, :], place.shape[1], axis=1)
    np.put_along_axis(numbers, slot[:, :, None], number[:, :, None].astype(np.uint8), axis=2)
    return _Beam(numbers, _at(weight, place), _at(rank, place), _at(codes, place)), lost


def _at(values: npt.NDArray[T], places: Int) -> npt.NDArray[T]:
    """Values (n, …) at flat places (n, w) of each row."""
    return np.take_along_axis(values.reshape(len(places), -1), places, axis=1)


def _gumbel(codes: UInt) -> Float:
    """Standard Gumbel noise of codes, of any shape."""
    noise: Float = -np.log(-np.log(uniform(codes)))
    return noise


def _conditioned(rank: Float, largest: Float) -> Float:
    """Perturbed weights (n, w, E) of continuations, given that the largest of each is known.

    Kool et al. 2019, appendix B.3, in a form that does not overflow.
    """
    top = rank.max(axis=2, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        v = largest[:, :, None] - rank + np.log1p(-np.exp(rank - top))
        conditioned: Float = largest[:, :, None] - np.maximum(v, 0.0) - np.log1p(np.exp(-np.abs(v)))
    return np.where(np.isnan(conditioned), -np.inf, conditioned)


def _best(rank: Float, width: int) -> tuple[Int, Float]:
    """Places (n, w) of the largest ranks, first the largest, and the best (n,) of the others."""
    size = rank.shape[1]
    if size <= width:
        return np.argsort(-rank, axis=1, kind="stable"), np.full(len(rank), -np.inf)
    some = np.sort(np.argpartition(-rank, width, axis=1)[:, : width + 1], axis=1)
    values = np.take_along_axis(rank, some, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    place = np.take_along_axis(some, order, axis=1)
    lost = np.take_along_axis(rank, place[:, width:], axis=1)[:, 0]
    return place[:, :width], lost


def _is_new(beam: _Beam, parents: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which (n, w) are substitutions at all: there, and not the parent itself."""
    same = (beam.numbers == parents[:, None, :]).all(axis=2)
    new: npt.NDArray[np.bool_] = ~same & ~np.isneginf(beam.rank)
    return new


def _chosen(beam: _Beam, usable: npt.NDArray[np.bool_], rows: Int, count: int) -> Drawn:
    """The first `count` usable (n, w) ones of each parent."""
    kept = usable & (np.cumsum(usable, axis=1) <= count)
    at, place = np.nonzero(kept)
    return Drawn(rows[at], beam.numbers[at, place], beam.weight[at, place])


def _joined(results: list[Drawn], k: int) -> Drawn:
    """All draws, those of each parent together."""
    if not results:
        return Drawn(np.empty(0, np.int64), np.empty((0, k), np.uint8), np.empty(0))
    parent, numbers, weight = (np.concatenate(one) for one in zip(*results, strict=True))
    order = np.argsort(parent, kind="stable")
    return Drawn(parent[order], numbers[order], weight[order])
