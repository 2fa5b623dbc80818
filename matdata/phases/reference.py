"""`HullReference`: known phases, and energies of compositions relative to their convex hull."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.core.composition import Compositions
from matdata.core.crystals import Int
from matdata.core.errors import StructureError
from matdata.core.executors import SEQUENTIAL, Workers, ordered_map
from matdata.phases.extension import extended_table
from matdata.phases.kernels import mixtures
from matdata.phases.spaces import Table
from matdata.phases.systems import Fractions, Grouped, lowest_of_each
from matdata.phases.tables import asked_of, table_of

Energies = npt.NDArray[np.float64]

#: Compositions that one task computes, at least.
BLOCK = 4096


@dataclass(frozen=True, eq=False)
class Mixtures:
    """Cheapest mixtures of n compositions.

    Attributes
    ----------
    energies : (n,) float64
        Their energies, eV/atom; NaN where no mixture of known phases has the composition.
    entries : (n, k) int64
        Entries of each mixture, by their rows in the reference; -1 where there are fewer than k.
    amounts : (n, k) float64
        Their shares of the atoms; 0 where there is none.
    """

    energies: Energies
    entries: Int
    amounts: Energies


@dataclass(frozen=True, eq=False)
class HullReference:
    """The convex hull of energies over composition, in every chemical system of its entries.

    ``e(x) = min sum_i a_i e_i`` with ``sum_i a_i x_i = x`` and ``a_i >= 0`` over entries whose
    elements are all among those of `x` (S. P. Ong et al., Chem. Mater. 20, 1798, 2008). Only the
    lowest entry of each composition can be on it, and whether it is depends on its own chemical
    system alone, so these entries are found once.

    Attributes
    ----------
    table
        The lowest entry of each composition, by chemical system.
    entry : (p,) int64
        Its row among the entries.
    size
        Number of entries.
    """

    table: Table
    entry: Int
    size: int

    @classmethod
    def build(
        cls, compositions: Compositions, energies: Energies, workers: Workers = SEQUENTIAL
    ) -> HullReference:
        """The hull of n entries.

        Parameters
        ----------
        compositions
            Of the entries.
        energies : (n,)
            eV/atom: total or formation energies, all of one kind.
        workers
            Threads that look for the entries on the hull.

        Raises
        ------
        StructureError
            If an energy is not finite, an entry has no atoms, or the numbers of both differ.
        """
        given = np.asarray(energies, dtype=np.float64)
        _check(compositions, given)
        fractions = Fractions.of(compositions)
        lowest = lowest_of_each(fractions, given, np.arange(len(given)))
        table, order = table_of(fractions.take(lowest), given[lowest], workers)
        return cls(table, lowest[order], len(given))

    def extended(
        self, compositions: Compositions, energies: Energies, places: Int,
        workers: Workers = SEQUENTIAL,
    ) -> HullReference:  # fmt: skip
        """The hull of its entries and k more, as `build` of all of them gives it, bit for bit.

        Only chemical systems are looked at again that have new entries, or new phases on the hull
        of a subsystem, and in them only new entries and the known phases on the hull. (To the last
        bit unless an old entry lies above its hull by `kernels.ON_HULL` and less than rounding.)

        Parameters
        ----------
        compositions, energies : (k,)
            Of the new entries, as of `build`.
        places : (size,)
            Which of all entries the present ones are, ascending; the new ones are the others.
        workers
            Threads.

        Raises
        ------
        StructureError
            As of `build`, or if the places are not ascending.
        """
        given = np.asarray(energies, dtype=np.float64)
        _check(compositions, given)
        size = self.size + len(given)
        added = np.setdiff1d(np.arange(size), places, assume_unique=True)
        if len(places) != self.size or len(added) != len(given) or (np.diff(places) <= 0).any():
            raise StructureError(f"{self.size} entries need as many places below {size}, ascending")
        if not self.size:
            return HullReference.build(compositions, given, workers)
        fractions, rows = Fractions.of(compositions), places[self.entry]
        table, entry = extended_table(self.table, rows, fractions, given, added, workers)
        return HullReference(table, entry, size)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All of it as named arrays, to be stored."""
        return {**self.table._asdict(), "entry": self.entry, "size": np.array([self.size])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> HullReference:
        """The hull whose `arrays` these are."""
        table = Table(*(arrays[name] for name in Table._fields))
        return cls(table, arrays["entry"], int(arrays["size"][0]))

    @property
    def on_hull(self) -> Int:
        """Rows of the entries on the hull, ascending."""
        system = np.repeat(np.arange(len(self.table.masks)), np.diff(self.table.bounds))
        return np.sort(self.entry[np.arange(len(system)) < self.table.stable[system]])

    def __len__(self) -> int:
        """Number of entries on the hull."""
        return int((self.table.stable - self.table.bounds[:-1]).sum())

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self.entry.nbytes + sum(array.nbytes for array in self.table)

    def energies(self, compositions: Compositions, workers: Workers = SEQUENTIAL) -> Energies:
        """Energies of the hull at n compositions (n,), eV/atom; NaN where it does not reach."""
        return self._mixed(compositions, workers, exclude=False, wanted=False).energies

    def mixtures(self, compositions: Compositions, workers: Workers = SEQUENTIAL) -> Mixtures:
        """What n compositions decompose into."""
        return self._mixed(compositions, workers, exclude=False, wanted=True)

    def mixtures_of_others(
        self, compositions: Compositions, workers: Workers = SEQUENTIAL
    ) -> Mixtures:
        """What n compositions decompose into if entries of the same composition did not exist.

        The energy of an entry less that of its mixture is its phase-separation energy (C. J.
        Bartel et al., npj Comput. Mater. 6, 97, 2020), negative for those on the hull. An element
        has no other phases: its mixture is the lowest entry of it.
        """
        others = self._mixed(compositions, workers, exclude=True, wanted=True)
        single = np.flatnonzero(np.diff(Fractions.of(compositions).offsets) == 1)
        if not len(single):
            return others
        own = self._mixed(compositions.take(single), workers, exclude=False, wanted=True)
        others.energies[single] = own.energies
        others.entries[single, :1], others.amounts[single, :1] = own.entries, own.amounts
        return others

    def missing_elements(self, compositions: Compositions) -> dict[str, int]:
        """Elements without an entry of their own, and how many compositions hold each."""
        lacks = np.isnan(self.table.elements)[compositions.numbers]
        numbers, counts = np.unique(compositions.numbers[lacks], return_counts=True)
        symbols = (elements.symbols()[z] for z in numbers.tolist())
        return dict(sorted(zip(symbols, counts.tolist(), strict=True)))

    def _mixed(
        self, compositions: Compositions, workers: Workers, *, exclude: bool, wanted: bool
    ) -> Mixtures:
        fractions = Fractions.of(compositions)
        groups, asked = asked_of(fractions)
        n, k = len(fractions), int(np.diff(fractions.offsets).max(initial=0))
        energies = np.full(n, np.nan)
        phases = np.full((n, k if wanted else 0), -1, np.int64)
        amounts = np.zeros(phases.shape)

        def compute(part: tuple[int, int]) -> None:
            mixtures(self.table, asked, *part, exclude, energies, phases, amounts)

        for _ in ordered_map(compute, _parts(groups), workers, "thread"):
            pass
        entries = np.where(phases >= 0, self.entry[phases], -1)
        place = np.argsort(groups.order)
        return Mixtures(energies[place], entries[place], amounts[place])


def _check(compositions: Compositions, energies: Energies) -> None:
    if energies.shape != (len(compositions),):
        raise StructureError(f"{len(compositions)} entries need as many energies")
    wrong = np.flatnonzero(~np.isfinite(energies))
    if len(wrong):
        raise StructureError(
            f"entry {str(compositions.ids[wrong[0]])!r} has no finite energy",
            next_step="leave out entries without energy",
        )
    atoms = np.add.reduceat(np.append(compositions.amounts, 0.0), compositions.offsets[:-1])
    empty = np.flatnonzero((np.diff(compositions.offsets) == 0) | ~(atoms > 0.0))
    if len(compositions) and len(empty):
        raise StructureError(f"entry {str(compositions.ids[empty[0]])!r} has no atoms")


def _parts(groups: Grouped) -> Iterator[tuple[int, int]]:
    """Ranges of groups of at least `BLOCK` compositions each."""
    begin, last = 0, len(groups.masks)
    while begin < last:
        wanted = groups.bounds[begin] + BLOCK
        end = min(int(np.searchsorted(groups.bounds, wanted)), last)
        yield begin, end
        begin = end
