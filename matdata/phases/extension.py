"""More phases in a table: only the chemical systems that they touch are looked at again.

More entries lower the hull or leave it as it is. So a phase that is not on the hull of a system
stays off it, and a system is looked at again if it has new phases itself, or if those on the hull
of one of its subsystems are others. There the known phases on the hull and the new ones are all
that may be on the new one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int, gather_index
from matdata.core.executors import Workers
from matdata.phases.kernels import ASKED, KNOWN, OFF, holds_any, systems_at
from matdata.phases.spaces import Table, index_systems
from matdata.phases.systems import Fractions, grouped, lowest_of_each
from matdata.phases.tables import by_number_of_elements, of_elements, settled

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Merged:
    """Phases of both, in the order of a table whose touched systems are yet to be settled.

    Attributes
    ----------
    table
        Systems without new phases as they were; of others the phases in the order of their rows.
    rows : (p,) int64
        The entry of each phase.
    old : (p,) int64
        Its place in the older table, -1 if it is new.
    touched : (m,) bool
        Systems with new phases.
    """

    table: Table
    rows: Int
    old: Int
    touched: Mask


def extended_table(
    table: Table, rows: Int, fractions: Fractions, energies: npt.NDArray[np.float64],
    added: Int, workers: Workers,
) -> tuple[Table, Int]:  # fmt: skip
    """The table of the phases of another one and of more entries, as `table_of` makes it.

    Parameters
    ----------
    table, rows : (p,)
        Phases, and the entries that they are.
    fractions, energies : (k,), added : (k,)
        More entries, in ascending order, and which they are.
    workers
        Threads.

    Returns
    -------
    The table, and the entry of each of its phases.
    """
    both = _merged(table, rows, fractions, energies, added)
    merged, rows, old = both.table, both.rows, both.old
    candidates = np.where(_stable_of(table), KNOWN, OFF).astype(np.int8)[old]
    candidates[(old < 0) | _with_other_elements(table, merged)] = ASKED
    changed = np.zeros(len(merged.masks), bool)
    for level in by_number_of_elements(merged, np.arange(len(merged.masks))):
        moved = holds_any(merged, level, changed, np.flatnonzero(changed))
        systems = level[both.touched[level] | moved]
        if len(systems):
            of, _ = gather_index(merged.bounds, level[moved])
            candidates[of[candidates[of] == KNOWN]] = ASKED
            merged, place = settled(merged, systems, rows, candidates, workers)
            rows, old, candidates = rows[place], old[place], candidates[place]
            changed[_changed(merged, systems, old, table)] = True
    return merged, rows


def _merged(
    table: Table, rows: Int, fractions: Fractions, energies: npt.NDArray[np.float64], added: Int
) -> _Merged:
    """Replace the phases of the systems of new entries by the lowest of all entries there."""
    masks = fractions.masks()
    places = systems_at(table, masks)
    touched = np.unique(places[places >= 0])
    near, _ = gather_index(table.bounds, touched)  # phases of the systems of new entries
    known = Fractions(table.numbers, table.values, table.offsets)
    of = np.append(rows[near], added)
    low = lowest_of_each(
        Fractions.joined(known.take(near), fractions), np.append(table.energies[near], energies), of
    )
    new = low[low >= len(near)] - len(near)
    kept = np.ones(len(rows), bool)
    kept[near] = False
    kept[near[low[low < len(near)]]] = True
    old = np.append(np.flatnonzero(kept), np.full(len(new), -1))
    taken = Fractions.joined(known.take(old[: kept.sum()]), fractions.take(new))
    entry = np.append(rows[kept], added[new])
    has_new = np.unique(masks[new], axis=0)
    return _ordered(table, taken, np.append(table.energies[kept], energies[new]), entry, old,
                    has_new)  # fmt: skip


def _ordered(
    table: Table, fractions: Fractions, energies: npt.NDArray[np.float64], entry: Int, old: Int,
    has_new: npt.NDArray[np.uint64],
) -> _Merged:  # fmt: skip
    """Phases of an older table, then new ones, by system: as in `_Merged`."""
    groups = grouped(fractions.masks())
    index = index_systems(groups.masks)
    order, bounds = groups.order, groups.bounds
    phases = fractions.take(order)
    merged = Table(
        groups.masks, bounds, bounds[:-1].copy(), index, phases.numbers, phases.values,
        phases.offsets, energies[order], of_elements(phases, energies[order]),
    )  # fmt: skip
    touched = np.zeros(len(groups.masks), bool)
    touched[systems_at(merged, has_new)] = True
    before = systems_at(table, groups.masks)
    same = np.flatnonzero(~touched)
    merged.stable[same] += (table.stable - table.bounds[:-1])[before[same]]
    of, offsets = gather_index(bounds, np.flatnonzero(touched))
    system = np.repeat(np.flatnonzero(touched), np.diff(offsets))
    order[of] = order[of][np.lexsort((entry[order[of]], system))]
    phases = fractions.take(order)
    merged = merged._replace(
        numbers=phases.numbers, values=phases.values, offsets=phases.offsets,
        energies=energies[order],
    )  # fmt: skip
    return _Merged(merged, entry[order], old[order], touched)


def _stable_of(table: Table) -> Mask:
    """Which phases (p,) are on the hull."""
    system = np.repeat(np.arange(len(table.masks)), np.diff(table.bounds))
    on_hull: Mask = np.arange(len(system)) < table.stable[system]
    return on_hull


def _with_other_elements(table: Table, merged: Table) -> Mask:
    """Phases (p,) with an element that the older table had at another energy, or not at all.

    Energies relative to the elements are others there, and with them what rounding does.
    """
    was, now = table.elements, merged.elements
    other = ~((was == now) | (np.isnan(was) & np.isnan(now)))
    counted = np.append(0, np.cumsum(other[merged.numbers]))
    holds: Mask = np.diff(counted[merged.offsets]) > 0
    return holds


def _changed(merged: Table, systems: Int, old: Int, table: Table) -> Int:
    """Those of some settled systems whose phases on the hull are not those of the older table."""
    before = systems_at(table, merged.masks[systems])
    was = np.where(before >= 0, (table.stable - table.bounds[:-1])[before], 0)
    begin, end = merged.bounds[systems], merged.stable[systems]
    new = np.append(0, np.cumsum(old < 0))
    changed: Int = systems[(end - begin != was) | (new[end] > new[begin])]
    return changed
