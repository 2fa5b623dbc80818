"""Copies of records of the sample: strained crystals, and other placements of their elements."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from matdata.adapters.electrostatics import ewald_energies, ewald_energy_per_atom
from matdata.adapters.prototypes import STRAINS, prototypes
from matdata.adapters.volumes import dls_scale, is_sensible_volume
from matdata.core.crystals import Int
from matdata.core.random_keys import random_keys, uniform
from matdata.sources._compositions import Pool, pools
from matdata.sources._draws import STRAIN, STRETCH, Draws
from matdata.sources._sampler import TIE

MAX_STRETCH = 0.03  # largest change of all lattice vectors of a strained copy, beside the strain
ROUNDS = len(STRAINS) - 1  # strained copies of one record, each of another strain


def copies_of(seed: int, originals: Draws, round_: int) -> Draws:
    """One copy of each record, but of those of which none is bound.

    In round 0 a record whose elements can be placed otherwise is copied with them placed so;
    others, and those of all other rounds, are strained.

    Parameters
    ----------
    seed
        Seed of the sample.
    originals
        Records of the sample, in their order.
    round_
        0 to `ROUNDS` - 1: each gives other copies.

    Returns
    -------
    Draws
        The copies; the caller numbers them.
    """
    index = np.arange(originals.first, originals.first + len(originals), dtype=np.int64)
    copies = replace(originals, source=index)
    strained = _strained(seed, copies, round_)
    if round_ > 0:
        return strained.where(_is_bound(strained))
    decorated, possible = _decorated(copies)
    merged = replace(
        strained,
        numbers=np.where(possible[:, None], decorated.numbers, strained.numbers),
        charges=np.where(possible[:, None], decorated.charges, strained.charges),
        scale=np.where(possible, decorated.scale, strained.scale),
        strain=np.where(possible, decorated.strain, strained.strain),
    )
    return merged.where(_is_bound(merged))


def _strained(seed: int, copies: Draws, round_: int) -> Draws:
    codes = copies.source.astype(np.uint64)
    first = (random_keys(seed, STRAIN, codes) % np.uint64(ROUNDS)).astype(np.int64)
    key = random_keys(seed, STRETCH, codes * np.uint64(ROUNDS) + np.uint64(round_))
    stretch = 1.0 + MAX_STRETCH * (2.0 * uniform(key) - 1.0)
    return replace(copies, strain=1 + (first + round_) % ROUNDS, scale=copies.scale * stretch)


def _is_bound(draws: Draws) -> npt.NDArray[np.bool_]:
    energy = ewald_energy_per_atom(draws.rows, draws.charges, draws.scale, draws.strain)
    per_atom = prototypes().volume_per_atom[draws.rows] * np.linalg.det(STRAINS)[draws.strain]
    return (energy < 0) & is_sensible_volume(per_atom * draws.scale**3)


def _decorated(copies: Draws) -> tuple[Draws, npt.NDArray[np.bool_]]:
    """The second best placement of each record's elements, and where there is one."""
    numbers, charges, scale = copies.numbers.copy(), copies.charges.copy(), copies.scale.copy()
    possible = np.zeros(len(copies), dtype=bool)
    for pool in pools():
        members = np.flatnonzero(np.isin(copies.rows, pool.rows))
        if len(pool.assignments) == 1 or not len(members):
            continue
        slots = slice(0, len(pool.stoichiometry))
        order, factor, other = _second_best(pool, copies, members)
        for target in (numbers, charges):
            placed = np.take_along_axis(target[members, slots], order, axis=1)
            target[members, slots] = np.where(other[:, None], placed, target[members, slots])
        scale[members] = np.where(other, factor, scale[members])
        possible[members] = other
    return replace(copies, numbers=numbers, charges=charges, scale=scale), possible


def _second_best(
    pool: Pool, copies: Draws, members: Int
) -> tuple[Int, npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Orders of slots (m, k) with the lowest energy above the record's own, scale, and if any."""
    slots = slice(0, len(pool.stoichiometry))
    numbers, charges = copies.numbers[members, slots], copies.charges[members, slots]
    column = np.searchsorted(pool.rows, copies.rows[members])[:, None]
    per_atom = prototypes().volume_per_atom[copies.rows[members]]
    scales, energies = [], []
    for order in pool.assignments:
        every = dls_scale(pool.rows, numbers[:, order], pool.stoichiometry)
        scale = np.take_along_axis(every, column, axis=1)[:, 0]
        unscaled = ewald_energies(pool.rows, charges[:, order])
        energy = np.take_along_axis(unscaled, column, axis=1)[:, 0] / scale
        scales.append(scale)
        energies.append(np.where(is_sensible_volume(per_atom * scale**3), energy, np.inf))
    stacked = np.array(energies)
    # The first assignment is the record's own: what is equal to it by symmetry is no copy.
    stacked[stacked <= stacked[0] + TIE] = np.inf
    best = np.argmin(stacked, axis=0)
    places = np.arange(len(members))
    return pool.assignments[best], np.array(scales)[best, places], stacked[best, places] < 0
