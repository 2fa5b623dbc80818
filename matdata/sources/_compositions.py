"""The compositions from which the sample draws: every neutral one of each stoichiometry."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.adapters.prototypes import prototypes
from matdata.core import elements
from matdata.core.crystals import Float, Int
from matdata.tables import oxidation_states

MAX_ANIONS = 2  # different anions in a composition
# Pauling units between the least electronegative anion and the most electronegative cation:
# formal charges mean little if they are closer. Tungsten in WS2 passes with 0.22.
MIN_GAP = 0.2


@dataclass(frozen=True, eq=False)
class Pool:
    """All compositions of one stoichiometry, and the prototypes that they can take.

    Attributes
    ----------
    stoichiometry
        Amounts of the k slots, ascending.
    assignments : (A, k) int64
        Permutations of the slots that keep the amounts, the identity first.
    rows : (P,) int64
        Prototypes with this stoichiometry.
    tags : (P,) int64
        Index of each prototype's AFLOW tag; prototypes with equal tags differ in parameters.
    numbers : (n, k) uint8
        Atomic numbers by slot; within equal amounts in ascending order of electronegativity.
    charges : (n, k) int8
        Oxidation states by slot.
    codes : (n,) uint64
        A unique number per composition, over all pools.
    """

    stoichiometry: tuple[int, ...]
    assignments: Int
    rows: Int
    tags: Int
    numbers: npt.NDArray[np.uint8]
    charges: npt.NDArray[np.int8]
    codes: npt.NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True, eq=False)
class _Ions:
    """Ions in ascending order of electronegativity, then atomic number; columns (m,)."""

    number: Int
    charge: Int
    x: Float
    rank: Int  # position in the element's list of states, 0 for the most common
    order: Int  # position of the element in the order


@functools.cache
def pools() -> tuple[Pool, ...]:
    """The pools of all stoichiometries with at least two prototypes, built once per process."""
    return _pools(lambda n_prototypes: n_prototypes > 1)


@functools.cache
def further_pools() -> tuple[Pool, ...]:
    """The pools of all stoichiometries with one prototype, built once per process: most are
    quaternary."""
    return _pools(lambda n_prototypes: n_prototypes == 1)


def _pools(is_asked_for: Callable[[int], bool]) -> tuple[Pool, ...]:
    library = prototypes()
    groups: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for row, stoichiometry in enumerate(library.stoichiometries):
        groups[stoichiometry].append(row)
    pool_list = []
    for stoichiometry in sorted(groups, key=lambda amounts: (len(amounts), amounts)):
        rows = groups[stoichiometry]
        tags = [library.tags[row] for row in rows]
        if not is_asked_for(len(set(tags))):
            continue
        numbers, charges = neutral_compositions(stoichiometry)
        if len(numbers):
            index = np.array([tags.index(tag) for tag in tags], dtype=np.int64)
            codes, orders = _codes(stoichiometry, numbers), _assignments(stoichiometry)
            pool_list.append(
                Pool(stoichiometry, orders, np.array(rows), index, numbers, charges, codes)
            )
    return tuple(pool_list)


def neutral_compositions(
    stoichiometry: tuple[int, ...],
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int8]]:
    """Every neutral composition of distinct elements, one per row: numbers and charges (n, k).

    Anions are the most electronegative elements, by `MIN_GAP` or more, and at most `MAX_ANIONS`.
    If several sets of charges make a composition neutral, the most common states are taken.
    """
    ions = _ions()
    by_charge = {int(q): np.flatnonzero(ions.charge == q) for q in np.unique(ions.charge)}
    decorations = [np.empty((0, len(stoichiometry)), dtype=np.int64)]
    for charges in itertools.product(by_charge, repeat=len(stoichiometry)):
        neutral = sum(n * q for n, q in zip(stoichiometry, charges, strict=True)) == 0
        if neutral and sum(q < 0 for q in charges) <= MAX_ANIONS:
            decorations.append(_decorations([by_charge[q] for q in charges], stoichiometry, ions))
    ion_rows = np.concatenate(decorations)
    ranks = ions.rank[ion_rows].sum(axis=1)
    codes = _codes(stoichiometry, ions.number[ion_rows])
    order = np.lexsort((ranks, codes))
    first = np.ones(len(order), dtype=bool)
    first[1:] = codes[order][1:] != codes[order][:-1]
    selected = ion_rows[order[first]]
    return ions.number[selected].astype(np.uint8), ions.charge[selected].astype(np.int8)


def _decorations(candidates: list[Int], stoichiometry: tuple[int, ...], ions: _Ions) -> Int:
    """Combinations (n, k) of one ion from each slot's candidates that form a plausible salt."""
    picks = np.stack([axis.ravel() for axis in np.meshgrid(*candidates, indexing="ij")], axis=1)
    keep = np.ones(len(picks), dtype=bool)
    for i, j in itertools.combinations(range(len(stoichiometry)), 2):
        first, second = ions.order[picks[:, i]], ions.order[picks[:, j]]
        # Equal amounts are interchangeable: only one of the two orders is kept.
        keep &= first < second if stoichiometry[i] == stoichiometry[j] else first != second
    picks = picks[keep]
    x, is_anion = ions.x[picks], ions.charge[picks] < 0
    lowest_anion = np.where(is_anion, x, np.inf).min(axis=1, initial=np.inf)
    highest_cation = np.where(is_anion, -np.inf, x).max(axis=1, initial=-np.inf)
    sensible: Int = picks[lowest_anion - highest_cation >= MIN_GAP]
    return sensible


def _assignments(stoichiometry: tuple[int, ...]) -> Int:
    orders = itertools.permutations(range(len(stoichiometry)))
    same = [order for order in orders if tuple(stoichiometry[i] for i in order) == stoichiometry]
    return np.array(same, dtype=np.int64)


@functools.cache
def _ions() -> _Ions:
    x = elements.electronegativities()
    states = {elements.atomic_number(s): q for s, q in oxidation_states.COMMON.items()}
    ordered = sorted(states, key=lambda z: (x[z], z))
    rows = [
        (z, charge, rank, position)
        for position, z in enumerate(ordered)
        for rank, charge in enumerate(states[z])
    ]
    number, charges, ranks, positions = (np.array(column) for column in zip(*rows, strict=True))
    return _Ions(number, charges, x[number], ranks, positions)


def _codes(stoichiometry: tuple[int, ...], numbers: npt.NDArray[np.integer]) -> np.ndarray:
    """Pack each row's elements, 7 bits each, and the amounts, 5 bits each, into 64 bits."""
    codes = np.zeros(len(numbers), dtype=np.uint64)
    for slot, amount in enumerate(stoichiometry):
        codes = (codes << np.uint64(7)) | numbers[:, slot].astype(np.uint64)
        codes = (codes << np.uint64(5)) | np.uint64(amount)
    return codes
