"""Tables of phases, and those of one chemical system as columns of a linear programme."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from matdata.core.jit import inner, kernel

Array = np.ndarray[Any, Any]


class Table(NamedTuple):
    """Phases, one for each composition, system by system.

    Attributes
    ----------
    masks : (m, 2) uint64
        Chemical systems, see `Fractions.masks`.
    bounds : (m + 1,) int64
        System `s` has the phases ``bounds[s]:bounds[s + 1]``, those on the hull first.
    stable : (m,) int64
        Where those on the hull end.
    slots : (2^t,) int64
        Hash table of the systems; -1 is an empty slot.
    numbers : (M,) uint8, values : (M,) float64, offsets : (p + 1,) int64
        Fractions of the phases.
    energies : (p,) float64
        eV/atom.
    elements : (256,) float64
        Lowest energy by atomic number, eV/atom; NaN where there is none.
    """

    masks: Array
    bounds: Array
    stable: Array
    slots: Array
    numbers: Array
    values: Array
    offsets: Array
    energies: Array
    elements: Array


class Asked(NamedTuple):
    """Compositions, grouped by their chemical systems.

    Attributes
    ----------
    masks : (g, 2) uint64, bounds : (g + 1,) int64
        Systems, and where the compositions of each begin.
    numbers, values, offsets
        Fractions of the compositions, in the order of the groups.
    """

    masks: Array
    bounds: Array
    numbers: Array
    values: Array
    offsets: Array


class Space(NamedTuple):
    """Columns of the linear programmes of one chemical system, see `simplex.descend`.

    Attributes
    ----------
    columns : (c, k), costs : (c,)
        Fractions, and energies relative to the elements; the first k columns are the elements.
    phase : (c,) int64
        The phase of each column; -1 for an element without reference.
    missing : (k,) bool
        Elements without reference.
    """

    columns: Array
    costs: Array
    phase: Array
    missing: Array


@inner
def _slot(low: np.uint64, high: np.uint64, mask: int) -> Any:
    mixed = np.int64(low ^ (high * np.uint64(0x9E3779B97F4A7C15)))
    mixed = mixed * 73856093
    return (mixed ^ (mixed >> 29) ^ (mixed >> 47)) & mask


@kernel
def index_systems(masks: Array) -> Array:
    """Hash table of chemical systems, see `Table.slots`."""
    size = 16
    while size < 3 * len(masks):
        size *= 2
    slots = np.full(size, -1, np.int64)
    for s in range(len(masks)):
        place = _slot(masks[s, 0], masks[s, 1], size - 1)
        while slots[place] >= 0:
            place = (place + 1) & (size - 1)
        slots[place] = s
    return slots


@inner
def find(table: Table, low: np.uint64, high: np.uint64) -> Any:
    """Place of a chemical system in a table, -1 if it has none."""
    mask = len(table.slots) - 1
    place = _slot(low, high, mask)
    while table.slots[place] >= 0:
        s = table.slots[place]
        if table.masks[s, 0] == low and table.masks[s, 1] == high:
            return s
        place = (place + 1) & mask
    return -1


@inner
def systems_within(table: Table, numbers: Array, low: np.uint64, high: np.uint64) -> Array:
    """Systems of the table whose elements are all among some, in ascending order of place."""
    size = len(numbers)
    if size < 20 and (1 << size) < 4 * len(table.masks):
        found = np.empty((1 << size) - 1, np.int64)
        count = 0
        for subset in range(1, 1 << size):
            one, two = np.uint64(0), np.uint64(0)
            for i in range(size):
                if subset >> i & 1:
                    place = np.uint64(numbers[i]) - np.uint64(1)
                    if place < np.uint64(64):
                        one |= np.uint64(1) << place
                    else:
                        two |= np.uint64(1) << (place - np.uint64(64))
            at = find(table, one, two)
            if at >= 0:
                found[count] = at
                count += 1
        return np.sort(found[:count])
    found = np.empty(len(table.masks), np.int64)
    count = 0
    for s in range(len(table.masks)):
        if (table.masks[s, 0] & ~low) == 0 and (table.masks[s, 1] & ~high) == 0:
            found[count] = s
            count += 1
    return found[:count].copy()


@inner
def gather(table: Table, numbers: Array, low: np.uint64, high: np.uint64, all_own: bool) -> Space:
    """Columns of a chemical system: its phases on the hull, or all of its own with `all_own`.

    Phases of its subsystems that are not on the hull never enter a mixture. Where all elements
    have references, neither do phases above the mixture of the elements.
    """
    size = len(numbers)
    systems = systems_within(table, numbers, low, high)
    most = size
    for s in systems:
        own = all_own and table.masks[s, 0] == low and table.masks[s, 1] == high
        most += (table.bounds[s + 1] if own else table.stable[s]) - table.bounds[s]
    columns, costs = np.zeros((most, size)), np.zeros(most)
    phase, missing = np.full(most, -1, np.int64), np.zeros(size, np.bool_)
    place = np.zeros(256, np.int64)
    for i in range(size):
        place[numbers[i]] = i
        columns[i, i] = 1.0
        missing[i] = np.isnan(table.elements[numbers[i]])
    whole = not missing.any()
    count = size
    for s in systems:
        own = all_own and table.masks[s, 0] == low and table.masks[s, 1] == high
        for p in range(table.bounds[s], table.bounds[s + 1] if own else table.stable[s]):
            begin, end = table.offsets[p], table.offsets[p + 1]
            if end - begin == 1:
                phase[place[table.numbers[begin]]] = p
                continue
            cost = table.energies[p]
            for k in range(begin, end):
                i = place[table.numbers[k]]
                columns[count, i] = table.values[k]
                if not missing[i]:
                    cost -= table.values[k] * table.elements[table.numbers[k]]
            if whole and cost >= 0.0:
                columns[count] = 0.0
                continue
            costs[count], phase[count] = cost, p
            count += 1
    return Space(columns[:count], costs[:count], phase[:count], missing)
