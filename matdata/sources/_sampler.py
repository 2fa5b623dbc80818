"""The records of the sample: an order of all compositions, and a few prototypes for each.

Nothing here depends on earlier draws: the order comes from one random key per
composition, its prototypes from further keys. So a longer sample starts with a shorter one, no
record is repeated, and no state is kept while records stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.adapters.electrostatics import ewald_energies
from matdata.adapters.prototypes import MAX_SPECIES, prototypes
from matdata.adapters.volumes import dls_scale
from matdata.core.crystals import Int
from matdata.core.errors import SourceError
from matdata.sources._compositions import Pool, pools

MIN_POLYMORPHS, MAX_POLYMORPHS = 2, 4
MIN_VOLUME, MAX_VOLUME = 4.0, 200.0  # Å³/atom; outside, DLS has found a poorly parametrised pair
# Share of compositions of 2, 3 or 4 elements among the draws, until one of them runs out.
SHARES = {2: 0.45, 3: 0.5, 4: 0.05}
TIE = 1e-6  # eV per cell below which two energies count as equal
BLOCK = 512  # compositions processed together

UInt = npt.NDArray[np.uint64]
# Purposes of keys; different numbers give independent keys.
_ORDER, _COUNT, _VARIANT, _PROTOTYPE = range(4)


@dataclass(frozen=True, eq=False)
class Draws:
    """Records to build, as columns.

    Attributes
    ----------
    first
        Index of the first record, from 0.
    rows : (n,) int64
        Prototypes.
    numbers : (n, 4) uint8
        Atomic numbers by slot, zero where the prototype has no such slot.
    charges : (n, 4) int8
        Oxidation states by slot.
    scale : (n,) float64
        Lattice vectors in units of the prototype's own.
    """

    first: int
    rows: Int
    numbers: npt.NDArray[np.uint8]
    charges: npt.NDArray[np.int8]
    scale: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, start: int, stop: int) -> Draws:
        """Records `start` to `stop` of these."""
        part = slice(start, stop)
        return Draws(
            self.first + start,
            self.rows[part],
            self.numbers[part],
            self.charges[part],
            self.scale[part],
        )

    def then(self, other: Draws) -> Draws:
        """These records, followed by those of `other`."""
        return Draws(
            self.first,
            np.concatenate([self.rows, other.rows]),
            np.concatenate([self.numbers, other.numbers]),
            np.concatenate([self.charges, other.charges]),
            np.concatenate([self.scale, other.scale]),
        )


def random_keys(seed: int, purpose: int, codes: UInt) -> UInt:
    """A uniform 64-bit key per code, (n,), independent of all other codes.

    The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014, fig. 14), applied twice.
    """
    stream = np.array([seed * 8 + purpose], dtype=np.uint64)
    return _mix(_mix(stream) ^ _mix(codes))


def _mix(values: UInt) -> UInt:
    z = values + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: UInt = z ^ (z >> np.uint64(31))
    return mixed


def draw_chunks(seed: int, size: int, chunk: int, start: int = 0) -> Iterator[Draws]:
    """Divide the first `size` records into chunks, and yield them from chunk `start` on.

    Raises
    ------
    SourceError
        If the compositions run out before `size` is reached.
    """
    first_record = start * chunk
    pending: Draws | None = None
    for block in _blocks(seed):
        part = block.take(max(first_record - block.first, 0), max(size - block.first, 0))
        if len(part):
            pending = pending.then(part) if pending else part
        while pending and len(pending) >= chunk:
            yield pending.take(0, chunk)
            pending = pending.take(chunk, len(pending))
        if block.first + len(block) >= size:
            if pending:
                yield pending
            return
    raise SourceError(
        f"the sample with seed {seed} ends before {size:,} records",
        cause="the installed pymatgen holds fewer prototypes than expected",
        next_step="request a smaller sample",
    )


def composition_order(seed: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """All compositions in the order of drawing: pool and row in it, (m,) each.

    Weighted sampling without replacement (Efraimidis and Spirakis, Inf. Process. Lett. 97, 181
    (2006)): ascending order of -ln(u) / weight. A pool's weight is its number of prototypes, within
    the share of its number of elements; when small pools run out, the others continue.
    """
    total = dict.fromkeys(SHARES, 0)
    for pool in pools():
        total[len(pool.stoichiometry)] += len(pool.rows)
    keys = []
    for pool in pools():
        elements = len(pool.stoichiometry)
        weight = SHARES[elements] * len(pool.rows) / total[elements] / len(pool)
        uniform = (random_keys(seed, _ORDER, pool.codes) >> np.uint64(11)) + 0.5
        keys.append(-np.log(uniform * 2.0**-53) / weight)
    order = np.argsort(np.concatenate(keys), kind="stable")
    pool_of = np.repeat(np.arange(len(keys)), [len(key) for key in keys])
    row_of = np.concatenate([np.arange(len(key)) for key in keys])
    return pool_of[order].astype(np.uint8), row_of[order].astype(np.int32)


def _blocks(seed: int) -> Iterator[Draws]:
    """All records of a seed in order, from `BLOCK` compositions at a time."""
    pool_of, row_of = composition_order(seed)
    first = 0
    for start in range(0, len(pool_of), BLOCK):
        block = _block(seed, first, pool_of[start : start + BLOCK], row_of[start : start + BLOCK])
        yield block
        first += len(block)


def _block(
    seed: int, first: int, pool_of: npt.NDArray[np.uint8], row_of: npt.NDArray[np.int32]
) -> Draws:
    shape = (len(pool_of), MAX_POLYMORPHS)
    drawn = np.zeros(shape, dtype=bool)
    rows = np.zeros(shape, dtype=np.int64)
    scale = np.zeros(shape)
    numbers = np.zeros((*shape, MAX_SPECIES), dtype=np.uint8)
    charges = np.zeros((*shape, MAX_SPECIES), dtype=np.int8)
    for pool_index in np.unique(pool_of).tolist():
        pool, members = pools()[pool_index], np.flatnonzero(pool_of == pool_index)
        items = row_of[members]
        fit = _fit(pool, items)
        columns, count = _choose(seed, pool, items, fit)
        width, slots = columns.shape[1], len(pool.stoichiometry)
        drawn[members, :width] = np.arange(width) < count[:, None]
        rows[members, :width] = pool.rows[columns]
        scale[members, :width] = np.take_along_axis(fit.scale, columns, axis=1)
        order = pool.assignments[np.take_along_axis(fit.assignment, columns, axis=1)]
        for target, source in ((numbers, pool.numbers), (charges, pool.charges)):
            values = np.take_along_axis(source[items][:, None, :], order, axis=2)
            target[members, :width, :slots] = values
    return Draws(first, rows[drawn], numbers[drawn], charges[drawn], scale[drawn])


@dataclass(frozen=True, eq=False)
class _Fit:
    """Fit of compositions to the prototypes of their pool; columns (n, P)."""

    assignment: Int  # row of the pool's assignments
    scale: npt.NDArray[np.float64]
    possible: npt.NDArray[np.bool_]


def _fit(pool: Pool, items: npt.NDArray[np.int32]) -> _Fit:
    """Assign elements with equal amounts to the slots of lowest Ewald energy.

    A random assignment would put like charges next to each other in many prototypes. Unbound
    crystals, and those outside the bounds of volume, are not possible.
    """
    per_atom = prototypes().volume_per_atom[pool.rows]
    scales, energies = [], []
    for order in pool.assignments:
        scale = dls_scale(pool.rows, pool.numbers[items][:, order], pool.stoichiometry)
        energy = ewald_energies(pool.rows, pool.charges[items][:, order]) / scale
        volume = per_atom * scale**3
        scales.append(scale)
        allowed = (volume >= MIN_VOLUME) & (volume <= MAX_VOLUME)
        energies.append(np.where(allowed, energy, np.inf))
    stacked = np.array(energies)
    lowest = stacked.min(axis=0)
    # Assignments equal by symmetry differ by rounding: the first of them is taken.
    assignment = np.argmax(stacked <= lowest + TIE, axis=0)
    best_scale = np.take_along_axis(np.array(scales), assignment[None], axis=0)[0]
    return _Fit(assignment, best_scale, lowest < 0)


def _choose(
    seed: int, pool: Pool, items: npt.NDArray[np.int32], fit: _Fit
) -> tuple[Int, npt.NDArray[np.int64]]:
    """Prototypes for compositions of one pool, smallest key first.

    Returns
    -------
    columns : (n, w)
        Positions in ``pool.rows``; w is at most `MAX_POLYMORPHS`.
    count : (n,)
        How many of them the composition takes; zero if fewer than `MIN_POLYMORPHS` are possible.
    """
    codes, possible = pool.codes[items], fit.possible.copy()
    for tag, variants in zip(*np.unique(pool.tags, return_counts=True), strict=True):
        # Variants of a tag differ in parameters only: a composition may take one of them.
        variant = random_keys(seed, _VARIANT, codes) % np.uint64(variants)
        possible[:, pool.tags == tag] &= variant[:, None] == np.arange(variants, dtype=np.uint64)
    keys = random_keys(seed, _PROTOTYPE, codes[:, None] ^ _mix(pool.rows.astype(np.uint64)))
    keys = np.where(possible, keys, np.iinfo(np.uint64).max)
    columns = np.argsort(keys, axis=1, kind="stable")[:, :MAX_POLYMORPHS]
    n_choices = np.uint64(MAX_POLYMORPHS - MIN_POLYMORPHS + 1)
    n_requested = MIN_POLYMORPHS + (random_keys(seed, _COUNT, codes) % n_choices).astype(np.int64)
    count = np.minimum(n_requested, possible.sum(axis=1))
    count[count < MIN_POLYMORPHS] = 0
    return columns, count
