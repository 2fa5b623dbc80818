"""The originals of the sample: an order of all compositions, and a few prototypes for each.

Nothing here depends on earlier draws: the order comes from one random key per
composition, its prototypes from further keys. So a longer sample starts with a shorter one, no
record is repeated, and no state is kept while records stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matdata.adapters.electrostatics import ewald_energies
from matdata.adapters.prototypes import MAX_SPECIES, prototypes
from matdata.adapters.volumes import dls_scale, is_sensible_volume
from matdata.core.crystals import Int
from matdata.core.random_keys import mixed, random_keys, uniform
from matdata.sources._compositions import Pool
from matdata.sources._draws import COUNT, NO_SOURCE, ORDER, PROTOTYPE, VARIANT, Draws

MIN_POLYMORPHS, MAX_POLYMORPHS = 2, 4
# Share of compositions of 2, 3 or 4 elements among the draws, until one of them runs out.
SHARES = {2: 0.45, 3: 0.5, 4: 0.05}
TIE = 1e-6  # eV per cell below which two energies count as equal
BLOCK = 512  # compositions processed together


def composition_order(
    seed: int, pools: Sequence[Pool]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """All compositions of pools in the order of drawing: pool and row in it, (m,) each.

    Weighted sampling without replacement (Efraimidis and Spirakis, Inf. Process. Lett. 97, 181
    (2006)): ascending order of -ln(u) / weight. A pool's weight is its number of prototypes, within
    the share of its number of elements; when small pools run out, the others continue.
    """
    total = dict.fromkeys(SHARES, 0)
    for pool in pools:
        total[len(pool.stoichiometry)] += len(pool.rows)
    keys = []
    for pool in pools:
        elements = len(pool.stoichiometry)
        weight = SHARES[elements] * len(pool.rows) / total[elements] / len(pool)
        keys.append(-np.log(uniform(random_keys(seed, ORDER, pool.codes))) / weight)
    order = np.argsort(np.concatenate(keys), kind="stable")
    pool_of = np.repeat(np.arange(len(keys)), [len(key) for key in keys])
    row_of = np.concatenate([np.arange(len(key)) for key in keys])
    return pool_of[order].astype(np.uint8), row_of[order].astype(np.int32)


def blocks(seed: int, pools: Sequence[Pool], fewest: int = MIN_POLYMORPHS) -> Iterator[Draws]:
    """All records of pools in order, from `BLOCK` compositions at a time.

    Parameters
    ----------
    seed
        Seed of the sample.
    pools
        Pools of compositions, each with the prototypes that they can take.
    fewest
        Compositions for which fewer prototypes are possible are left out.
    """
    pool_of, row_of = composition_order(seed, pools)
    first = 0
    for start in range(0, len(pool_of), BLOCK):
        part = slice(start, start + BLOCK)
        block = _block(seed, pools, (pool_of[part], row_of[part]), fewest)
        yield replace(block, first=first)
        first += len(block)


def _block(
    seed: int,
    pools: Sequence[Pool],
    compositions: tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]],
    fewest: int,
) -> Draws:
    pool_of, row_of = compositions
    shape = (len(pool_of), MAX_POLYMORPHS)
    drawn = np.zeros(shape, dtype=bool)
    rows = np.zeros(shape, dtype=np.int64)
    scale = np.zeros(shape)
    numbers = np.zeros((*shape, MAX_SPECIES), dtype=np.uint8)
    charges = np.zeros((*shape, MAX_SPECIES), dtype=np.int8)
    for pool_index in np.unique(pool_of).tolist():
        pool, members = pools[pool_index], np.flatnonzero(pool_of == pool_index)
        items = row_of[members]
        fit = _fit(pool, items)
        columns, count = _choose(seed, pool, items, fit, fewest)
        width, slots = columns.shape[1], len(pool.stoichiometry)
        drawn[members, :width] = np.arange(width) < count[:, None]
        rows[members, :width] = pool.rows[columns]
        scale[members, :width] = np.take_along_axis(fit.scale, columns, axis=1)
        order = pool.assignments[np.take_along_axis(fit.assignment, columns, axis=1)]
        for target, source in ((numbers, pool.numbers), (charges, pool.charges)):
            values = np.take_along_axis(source[items][:, None, :], order, axis=2)
            target[members, :width, :slots] = values
    n = int(drawn.sum())
    return Draws(
        0,
        rows[drawn],
        numbers[drawn],
        charges[drawn],
        scale[drawn],
        strain=np.zeros(n, dtype=np.int64),
        source=np.full(n, NO_SOURCE, dtype=np.int64),
    )


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
        scales.append(scale)
        allowed = is_sensible_volume(per_atom * scale**3)
        energies.append(np.where(allowed, energy, np.inf))
    stacked = np.array(energies)
    lowest = stacked.min(axis=0)
    # Assignments equal by symmetry differ by rounding: the first of them is taken.
    assignment = np.argmax(stacked <= lowest + TIE, axis=0)
    best_scale = np.take_along_axis(np.array(scales), assignment[None], axis=0)[0]
    return _Fit(assignment, best_scale, lowest < 0)


def _choose(
    seed: int, pool: Pool, items: npt.NDArray[np.int32], fit: _Fit, fewest: int
) -> tuple[Int, npt.NDArray[np.int64]]:
    """Prototypes for compositions of one pool, smallest key first.

    Returns
    -------
    columns : (n, w)
        Positions in ``pool.rows``; w is at most `MAX_POLYMORPHS`.
    count : (n,)
        How many of them the composition takes; zero if fewer than `fewest` are possible.
    """
    codes, possible = pool.codes[items], fit.possible.copy()
    for tag, variants in zip(*np.unique(pool.tags, return_counts=True), strict=True):
        # Variants of a tag differ in parameters only: a composition may take one of them.
        variant = random_keys(seed, VARIANT, codes) % np.uint64(variants)
        possible[:, pool.tags == tag] &= variant[:, None] == np.arange(variants, dtype=np.uint64)
    keys = random_keys(seed, PROTOTYPE, codes[:, None] ^ mixed(pool.rows.astype(np.uint64)))
    keys = np.where(possible, keys, np.iinfo(np.uint64).max)
    columns = np.argsort(keys, axis=1, kind="stable")[:, :MAX_POLYMORPHS]
    n_choices = np.uint64(MAX_POLYMORPHS - MIN_POLYMORPHS + 1)
    n_requested = MIN_POLYMORPHS + (random_keys(seed, COUNT, codes) % n_choices).astype(np.int64)
    count = np.minimum(n_requested, possible.sum(axis=1))
    count[count < fewest] = 0
    return columns, count
