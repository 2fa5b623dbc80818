"""Tables that the kernels read, made of fractions and energies."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int, gather_index
from matdata.core.executors import Workers, ordered_map
from matdata.phases.kernels import ASKED, find_stable
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
        asked.numbers, asked.values, asked.offsets, ranked, of_elements(asked, ranked),
    )  # fmt: skip
    all_phases = np.full(len(energies), ASKED, np.int8)
    rows = groups.order
    for systems in by_number_of_elements(table, np.arange(len(table.masks))):
        table, place = settled(table, systems, rows, all_phases, workers)
        rows = rows[place]
    return table, rows


def by_number_of_elements(table: Table, systems: Int) -> list[Int]:
    """Some systems of a table, those of fewest elements first."""
    count = np.diff(table.offsets)[table.bounds[:-1]][systems]
    return [systems[count == level] for level in np.unique(count)]


def settled(
    table: Table, systems: Int, rows: Int, candidates: npt.NDArray[np.int8], workers: Workers
) -> tuple[Table, Int]:
    """A table with the phases on the hull found in some systems, and where its phases were.

    Parameters
    ----------
    table
        In which they are known in all systems of fewer elements.
    systems
        All of one number of elements.
    rows, candidates : (p,)
        What the phases of each system are ordered by, and what is known of them (`find_stable`).
    workers
        Threads.
    """
    on_hull = np.zeros(len(rows), bool)

    def compute(first: int) -> None:
        last = min(first + SYSTEMS, len(systems))
        find_stable(table, first, last, systems, candidates, on_hull)

    for _ in ordered_map(compute, range(0, len(systems), SYSTEMS), workers, "thread"):
        pass
    return _stable_first(table, systems, rows, on_hull)


def _stable_first(
    table: Table, systems: Int, rows: Int, on_hull: npt.NDArray[np.bool_]
) -> tuple[Table, Int]:
    """Bring phases on the hull to the front of some systems; also where each phase was."""
    of, bounds = gather_index(table.bounds, systems)
    system = np.repeat(systems, np.diff(bounds))
    place = np.arange(len(rows))
    place[of] = of[np.lexsort((rows[of], ~on_hull[of], system))]
    moved = Fractions(table.numbers, table.values, table.offsets).take(place)
    stable = table.stable.copy()
    count = np.bincount(system[on_hull[of]], minlength=len(stable))
    stable[systems] = table.bounds[systems] + count[systems]
    return table._replace(
        stable=stable, numbers=moved.numbers, values=moved.values, offsets=moved.offsets,
        energies=table.energies[place],
    ), place  # fmt: skip


def of_elements(
    phases: Asked | Fractions, energies: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Energy of the phase of each element, by atomic number; NaN where there is none."""
    out = np.full(N_NUMBERS, np.nan)
    single = np.flatnonzero(np.diff(phases.offsets) == 1)
    out[phases.numbers[phases.offsets[single]]] = energies[single]
    return out
