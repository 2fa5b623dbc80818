"""Kernels on a table of phases: mixtures that have a composition, and phases on the hull."""

from __future__ import annotations

from typing import Any

import numpy as np

from matdata.core.jit import inner, kernel
from matdata.phases.simplex import descend, refine
from matdata.phases.spaces import Asked, Space, Table, find, gather, systems_within

Array = np.ndarray[Any, Any]

#: Fractions that differ by less are equal.
SAME = 1e-9
#: A phase is on the hull of others if it lies above it by no more, in eV/atom.
ON_HULL = 1e-12
#: Amounts up to this are none.
NONE = 1e-9
#: What rounding may make of an energy whose size is at most `LARGE`, in eV/atom.
ROUNDING = 1e-13
LARGE = 10.0
#: What is known of a phase before those on the hull are looked for, see `find_stable`.
OFF, KNOWN, ASKED = 0, 1, 2


@inner
def _is_at(columns: Array, row: int, target: Array) -> bool:
    largest = 0.0
    for i in range(len(target)):
        largest = max(largest, abs(columns[row, i] - target[i]))
    return largest <= SAME


@inner
def mixture(space: Space, target: Array, exclude: bool, basis: Array, amounts: Array) -> float:
    """The cheapest mixture of a composition.

    Parameters
    ----------
    space
        Columns of its chemical system.
    target : (k,)
        Its fractions.
    exclude
        Leave out phases of this composition.
    basis, amounts : (k,)
        Set to the columns of the mixture, and their amounts.

    Returns
    -------
    Its energy relative to the elements, eV/atom; NaN if no mixture has the composition.
    """
    size, count = len(target), len(space.costs)
    inverse, prices = np.eye(size), space.costs.copy()
    for i in range(size):
        basis[i], amounts[i] = i, target[i]
    for j in range(count):
        if exclude and _is_at(space.columns, j, target):
            prices[j] = np.inf
    if space.missing.any():
        first, free = np.zeros(count), np.zeros(count)
        for j in range(count):
            if j < size and space.missing[j]:
                first[j], free[j], prices[j] = 1.0, np.inf, np.inf
            elif np.isinf(prices[j]):
                free[j] = np.inf
        descend(space.columns, free, first, count, space.missing, basis, inverse, amounts)
        for r in range(size):
            if basis[r] < size and space.missing[basis[r]] and amounts[r] > NONE:
                return np.nan
    descend(space.columns, prices, space.costs, count, space.missing, basis, inverse, amounts)
    refine(space.columns, target, basis, inverse, amounts)
    energy = 0.0
    for r in range(size):
        energy += amounts[r] * space.costs[basis[r]]
    return energy


@kernel
def mixtures(
    table: Table, asked: Asked, first: int, last: int, exclude: bool, energies: Array,
    phases: Array, amounts: Array,
) -> None:  # fmt: skip
    """Energies and mixtures of the compositions of some groups.

    Parameters
    ----------
    table, asked
        Phases and compositions.
    first, last
        Groups.
    exclude
        Leave out phases of the composition itself; those of its system that are not on the hull
        may then come in.
    energies : (n,)
        Set to eV/atom; NaN if no mixture has the composition.
    phases, amounts : (n, k) or (n, 0)
        Set to the phases of each mixture, -1 where there are fewer than k, and their shares of the
        atoms.
    """
    wanted = phases.shape[1] > 0
    for g in range(first, last):
        head = asked.offsets[asked.bounds[g]]
        numbers = asked.numbers[head : asked.offsets[asked.bounds[g] + 1]]
        space = gather(table, numbers, asked.masks[g, 0], asked.masks[g, 1], exclude)
        basis, shares = np.empty(len(numbers), np.int64), np.empty(len(numbers))
        for q in range(asked.bounds[g], asked.bounds[g + 1]):
            target = asked.values[asked.offsets[q] : asked.offsets[q + 1]]
            energy = mixture(space, target, exclude, basis, shares)
            for i in range(len(numbers)):
                if not space.missing[i]:
                    energy += target[i] * table.elements[numbers[i]]
            energies[q] = energy
            if wanted and not np.isnan(energy):
                place = 0
                for r in np.argsort(space.phase[basis]):
                    if shares[r] > NONE and space.phase[basis[r]] >= 0:
                        phases[q, place] = space.phase[basis[r]]
                        amounts[q, place] = shares[r]
                        place += 1


@inner
def _vertices_of(space: Space, own: int, kept: Array) -> float:
    """Which of the last `own` columns are on the hull of all columns.

    In the order of their energies each is compared with those that are kept so far, which are few;
    what is left is compared once more with all of the others that are left. Returned is how close
    the closest decision was, in eV/atom.
    """
    size, count = space.columns.shape[1], len(space.costs)
    begin = count - own
    columns, costs = space.columns.copy(), space.costs.copy()
    basis, amounts = np.empty(size, np.int64), np.empty(size)
    source, held, closest = np.empty(count, np.int64), begin, np.inf
    for j in begin + np.argsort(space.costs[begin:]):
        part = Space(columns[:held], costs[:held], space.phase[:held], space.missing)
        energy = mixture(part, space.columns[j], False, basis, amounts)
        if np.isnan(energy) or space.costs[j] <= energy + ON_HULL:
            columns[held], costs[held], source[held] = space.columns[j], space.costs[j], j
            held += 1
        else:
            closest = min(closest, space.costs[j] - energy - ON_HULL)
    part = Space(columns[:held], costs[:held], space.phase[:held], space.missing)
    for h in range(begin, held):
        energy = mixture(part, part.columns[h], True, basis, amounts)
        if np.isnan(energy) or part.costs[h] <= energy + ON_HULL:
            kept[source[h] - begin] = True
        if not np.isnan(energy):
            closest = min(closest, abs(part.costs[h] - energy - ON_HULL))
    return closest


@inner
def _none_of(space: Space, known: Array, asked: Array) -> bool:
    """Whether all of the columns `asked` are above the hull of the known ones."""
    size = space.columns.shape[1]
    basis, amounts = np.empty(size, np.int64), np.empty(size)
    part = Space(space.columns[known], space.costs[known], space.phase[known], space.missing)
    for j in asked:
        above = space.costs[j] - mixture(part, space.columns[j], False, basis, amounts)
        if not above > ON_HULL + ROUNDING:
            return False
    return True


@inner
def _mark(space: Space, own: Array, rest: Array, on_hull: Array) -> float:
    """Set which of the columns `own` are on the hull of these and the rest.

    Returned is how close the closest decision was, in eV/atom.
    """
    places = np.concatenate((rest, own))
    kept = np.zeros(len(own), np.bool_)
    ranked = Space(space.columns[places], space.costs[places], space.phase[places], space.missing)
    closest = _vertices_of(ranked, len(own), kept)
    for k in range(len(own)):
        on_hull[space.phase[own[k]]] = kept[k]
    return closest


@kernel
def find_stable(
    table: Table, first: int, last: int, order: Array, candidates: Array, on_hull: Array
) -> None:
    """Which phases of some systems are on the hull; those of their subsystems must be known.

    Parameters
    ----------
    table
        All phases; `stable` of the subsystems is read.
    first, last, order : (m,) int64
        Systems ``order[first:last]``.
    candidates : (p,) int8
        Phases that may be on it are `ASKED`, or `KNOWN` if they are as long as none that is asked
        is. Others of a system are looked at only where those lie so close to the hull that
        rounding could decide.
    on_hull : (p,) bool
        Set for the phases of these systems.
    """
    for turn in range(first, last):
        s = order[turn]
        begin, end = table.bounds[s], table.bounds[s + 1]
        on_hull[begin:end] = False
        numbers = table.numbers[table.offsets[begin] : table.offsets[begin + 1]]
        if len(numbers) == 1:
            on_hull[begin:end] = True  # one phase for each composition
            continue
        space = gather(table, numbers, table.masks[s, 0], table.masks[s, 1], True)
        own = np.flatnonzero(space.phase >= begin)
        own = own[space.phase[own] < end]
        rest = np.flatnonzero((space.phase < begin) | (space.phase >= end))
        state = candidates[space.phase[own]]
        known, few = own[state == KNOWN], own[state != OFF]
        small = not space.missing.any() and np.abs(space.costs).max() <= LARGE
        if (len(few) == len(own) and len(known) == 0) or not small:
            _mark(space, own, rest, on_hull)
        elif _none_of(space, np.concatenate((rest, known)), own[state == ASKED]):
            on_hull[space.phase[known]] = True
        elif _mark(space, few, rest, on_hull) <= ROUNDING and len(few) < len(own):
            _mark(space, own, rest, on_hull)


@kernel
def systems_at(table: Table, masks: Array) -> Array:
    """Places of chemical systems (k, 2) in a table, -1 where it has none."""
    places = np.empty(len(masks), np.int64)
    for k in range(len(masks)):
        places[k] = find(table, masks[k, 0], masks[k, 1])
    return places


@kernel
def holds_any(table: Table, systems: Array, chosen: Array, places: Array) -> Array:
    """Which of some systems (k,) of a table hold all elements of a chosen one.

    Parameters
    ----------
    table, systems : (k,) int64
        Systems of a table.
    chosen : (m,) bool, places : (c,) int64
        Those that are looked for, and where they are.
    """
    holds = np.zeros(len(systems), np.bool_)
    for k in range(len(systems)):
        s = systems[k]
        low, high = table.masks[s, 0], table.masks[s, 1]
        begin = table.offsets[table.bounds[s]]
        numbers = table.numbers[begin : table.offsets[table.bounds[s] + 1]]
        if len(numbers) < 20 and (1 << len(numbers)) < len(places):
            for at in systems_within(table, numbers, low, high):
                holds[k] |= chosen[at]
            continue
        for at in places:
            if (table.masks[at, 0] & ~low) == 0 and (table.masks[at, 1] & ~high) == 0:
                holds[k] = True
                break
    return holds
