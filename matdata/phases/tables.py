"""Tables that the kernels read, made of fractions and energies."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int
from matdata.core.executors import Workers, ordered_map
from matdata.phases.kernels import find_stable
from matdata.phases.spaces import Asked, Table, index_systems
from matdata.phases.systems import Fractions, Grouped, grouped

#: Systems that one task looks at.
SYSTEMS = 512
#: Entries of a table by atomic number.
N_NUMBERS = 256


def asked_of(fractions: Fractions) -> tuple[Grouped, Asked]:
    """Compositions by chemical system, and as the kernels read them."""
    groups = grouped(fractions.masks())
    rows = fractions.take(groups.order)
    return groups, Asked(groups.masks, groups.bounds, rows.numbers, rows.values, rows.offsets)


def table_of(
    fractions: Fractions, energies: npt.NDArray[np.float64], workers: Workers
) -> tuple[Table, Int]:
    """The table of phases of different compositions, and which phase is in each of its rows.

    Parameters
    ----------
    fractions, energies : (p,)
        Of the phases, eV/atom.
    workers
        Threads.
    """
    groups, asked = asked_of(fractions)
    ranked = energies[groups.order]
    table = Table(
        groups.masks, groups.bounds, groups.bounds[:-1].copy(), index_systems(groups.masks),
        asked.numbers, asked.values, asked.offsets, ranked, _of_elements(asked, ranked),
    )  # fmt: skip
    order = groups.order
    count = np.diff(table.offsets)[table.bounds[:-1]]  # elements of each system
    for level in np.unique(count):
        systems = np.flatnonzero(count == level)
        on_hull = np.zeros(len(order), bool)
        _find_on_hull(table, systems, on_hull, workers)
        table, place = _stable_first(table, systems, on_hull)
        order = order[place]
    return table, order


def _find_on_hull(
    table: Table, systems: Int, on_hull: npt.NDArray[np.bool_], workers: Workers
) -> None:
    """Set which phases of some systems, all of one number of elements, are on the hull."""

    def compute(first: int) -> None:
        find_stable(table, first, min(first + SYSTEMS, len(systems)), systems, on_hull)

    for _ in ordered_map(compute, range(0, len(systems), SYSTEMS), workers, "thread"):
        pass


def _stable_first(table: Table, systems: Int, on_hull: npt.NDArray[np.bool_]) -> tuple[Table, Int]:
    """Bring phases on the hull to the front of their systems; also where each row came from."""
    system = np.repeat(np.arange(len(table.masks)), np.diff(table.bounds))
    chosen = np.zeros(len(table.masks), bool)
    chosen[systems] = True
    place = np.lexsort((np.arange(len(system)), chosen[system] & ~on_hull, system))
    rows = Fractions(table.numbers, table.values, table.offsets).take(place)
    stable = table.stable + np.bincount(system[on_hull], minlength=len(table.masks))
    return table._replace(
        stable=stable, numbers=rows.numbers, values=rows.values, offsets=rows.offsets,
        energies=table.energies[place],
    ), place  # fmt: skip


def _of_elements(phases: Asked, energies: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Energy of the phase of each element, by atomic number; NaN where there is none."""
    out = np.full(N_NUMBERS, np.nan)
    single = np.flatnonzero(np.diff(phases.offsets) == 1)
    out[phases.numbers[phases.offsets[single]]] = energies[single]
    return out
