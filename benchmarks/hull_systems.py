"""Random chemical systems of `sample` crystals: matdata's hulls against pymatgen's.

    python benchmarks/hull_systems.py                      # 1,000 systems
    python benchmarks/hull_systems.py --systems 20 --size 500

Each system has 1 to 9 elements and up to 120 crystals of `sample` with those elements (fewer where
there are many elements) with their electrostatic energies, a tenth of them twice, another tenth at
an energy that is rounded to 0.1 eV/atom, and the elements at random energies. Energies above the
hull and mixtures of all entries are compared with those of pymatgen's PhaseDiagram. In every
seventh system one element has no entry of its own, which PhaseDiagram refuses: the linear programme
of SciPy answers there. It fails where they differ by more than 1e-8 eV/atom.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from hull_vs_pymatgen import Energies, sample

import numpy as np
import numpy.typing as npt
from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
from pymatgen.core import Composition
from scipy.optimize import linprog

from matdata.core import elements
from matdata.core.composition import Compositions
from matdata.phases.reference import HullReference

LIMIT = 1e-8  # eV/atom
SYMBOLS = elements.symbols()
Rows = npt.NDArray[np.int64]


def holding(compositions: Compositions) -> npt.NDArray[np.bool_]:
    """Which elements each composition has, (n, 128)."""
    has = np.zeros((len(compositions), 128), bool)
    owner = np.repeat(np.arange(len(compositions)), np.diff(compositions.offsets))
    has[owner, compositions.numbers] = True
    return has


def drawn(rng: np.random.Generator, has: npt.NDArray[np.bool_], count: int) -> Rows:
    """The elements of some random crystals together, `count` of them."""
    chosen: list[int] = []
    while len(chosen) < count:
        for z in np.flatnonzero(has[rng.integers(len(has))]).tolist():
            chosen += [] if z in chosen or len(chosen) == count else [z]
    return np.array(sorted(chosen))


def system_of(
    rng: np.random.Generator, compositions: Compositions, energies: Energies,
    has: npt.NDArray[np.bool_], count: int,
) -> tuple[Compositions, Energies, Rows]:  # fmt: skip
    """Entries of a system: the elements first."""
    numbers = drawn(rng, has, count)
    outside = np.ones(has.shape[1], bool)
    outside[numbers] = False
    rows = np.flatnonzero(~has[:, outside].any(1))
    rows = rng.permutation(rows)[: 120 if count < 6 else 40 if count < 8 else 15]
    rows = np.append(rows, rows[: len(rows) // 10])
    own = energies[rows] + 1e-3 * rng.normal(size=len(rows))
    few = slice(0, len(rows) // 10)
    own[few] = np.round(own[few], 1)
    single = Compositions.from_amounts(
        [SYMBOLS[z] for z in numbers], [{int(z): float(rng.integers(1, 5))} for z in numbers]
    )
    all_of = Compositions.concat([single, compositions.take(rows)])
    return all_of, np.append(rng.normal(-3, 1, count), own), numbers


def pymatgen(entries: Compositions, energies: Energies) -> Energies:
    """Hull energies of the entries by pymatgen."""
    all_of = []
    for row, energy in enumerate(energies):
        amounts = entries.amounts_of(row)
        composition = Composition({SYMBOLS[z]: a for z, a in amounts.items()})
        all_of.append(PDEntry(composition, energy * sum(amounts.values())))
    diagram = PhaseDiagram(all_of)
    above: Energies = np.array([diagram.get_e_above_hull(one) for one in all_of])
    return energies - above


def programme(entries: Compositions, energies: Energies, numbers: Rows) -> Energies:
    """Hull energies of the entries by SciPy."""
    place = np.zeros(128, np.int64)
    place[numbers] = np.arange(len(numbers))
    fractions = np.zeros((len(energies), len(numbers)))
    owner = np.repeat(np.arange(len(energies)), np.diff(entries.offsets))
    fractions[owner, place[entries.numbers]] = entries.amounts
    fractions /= fractions.sum(1, keepdims=True)
    solved = (linprog(energies, A_eq=fractions.T, b_eq=q, method="highs-ds") for q in fractions)
    return np.array([one.fun for one in solved])


def main() -> int:
    """Compare and print; 1 if a difference is too large."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--systems", type=int, default=1_000)
    parser.add_argument("--size", type=int, default=20_000, help="crystals of `sample`")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, help="where the sample is built; a temporary folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compositions, energies = sample(given.size, given.cache or Path(folder))
    crystals = np.arange(len(SYMBOLS) - 1, len(energies))
    compositions, energies = compositions.take(crystals), energies[crystals]
    has, largest, begin = holding(compositions), 0.0, time.process_time()
    entries_of: Counter[tuple[int, bool]] = Counter()
    for turn in range(given.systems):
        rng = np.random.default_rng([given.seed, turn])
        count = 1 + turn % 9
        entries, own, numbers = system_of(rng, compositions, energies, has, count)
        lacks = turn % 7 == 6 and count > 1
        if lacks:
            entries, own = entries.take(np.arange(1, len(own))), own[1:]
        reference = HullReference.build(entries, own)
        expected = programme(entries, own, numbers) if lacks else pymatgen(entries, own)
        for found in (reference.energies(entries), reference.mixtures(entries).energies):
            largest = max(largest, float(np.abs(found - expected).max(initial=0.0)))
        if not largest <= LIMIT:
            print(f"system {turn}, {[SYMBOLS[z] for z in numbers]}: {largest:.1e} eV/atom")
            return 1
        entries_of[count, lacks] += len(own)
    seconds = time.process_time() - begin
    print(f"{given.systems:,} systems, {entries_of.total():,} entries, {seconds:.0f} CPU s; "
          f"largest difference {largest:.1e} eV/atom (limit {LIMIT:.0e})")  # fmt: skip
    for (count, lacks), total in sorted(entries_of.items()):
        print(f"  {count} elements{', one without entry' if lacks else '':<22} {total:8,} entries")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
