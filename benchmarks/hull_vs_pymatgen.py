"""Hull energies and decompositions: matdata against pymatgen, one process, one thread.

    python benchmarks/hull_vs_pymatgen.py                 # reference of 100,000, compared at 5,000
    python benchmarks/hull_vs_pymatgen.py --size 5000 --compared 1000 --queries 500

Entries are crystals of the `sample` source with their electrostatic energies, and the elements at
zero. Both sides answer the same queries on the same entries, and the largest difference of their
energies is printed. pymatgen is not run on the large reference: what building it would take is
extrapolated in proportion to the entries, and marked with a tilde.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from timing import best, instruction_set

import numpy as np
import numpy.typing as npt

import matdata as md
from matdata.core import elements
from matdata.core.composition import Compositions
from matdata.phases.reference import HullReference

Energies = npt.NDArray[np.float64]
WANTED = {"hull energies": 200_000, "decompositions": 50_000}


def sample(size: int, cache: Path) -> tuple[Compositions, Energies]:
    """Compositions of the elements and of sample crystals, and eV/atom."""
    md.build(f"sample:{size}", cache=cache, dedupe="none", split=None)
    dataset = md.open("sample", cache=cache)
    known = np.asarray(dataset.table["ewald_energy_per_atom"], dtype=np.float64)
    rows = np.flatnonzero(np.isfinite(known))
    numbers = range(1, len(elements.symbols()))
    names = [f"element-{z}" for z in numbers]
    single = Compositions.from_amounts(names, [{z: 1.0} for z in numbers])
    crystals = Compositions.from_crystals(dataset.structures.crystals).take(rows)
    return Compositions.concat([single, crystals]), np.append(np.zeros(len(single)), known[rows])


def timed(function: Callable[[], object]) -> float:
    """Seconds of one call."""
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def shown(name: str, seconds: float, count: int, more: str = "") -> None:
    """Print one line."""
    print(f"  {name:<24}{seconds:10.3f} s {count / seconds:14,.0f} per s  {more}", flush=True)


def ours(compositions: Compositions, energies: Energies) -> dict[str, float]:
    """Queries per second of each kind, against a reference of all entries."""
    building = best(lambda: HullReference.build(compositions, energies), 3)
    reference = HullReference.build(compositions, energies)
    print(f"matdata, {len(compositions):,} entries of {len(reference.entry):,} compositions, "
          f"{len(reference):,} on the hull, {reference.nbytes / 1e6:.0f} MB")  # fmt: skip
    shown("build", building, len(compositions))
    queries: dict[str, Callable[[], object]] = {
        "hull energies": lambda: reference.energies(compositions),
        "decompositions": lambda: reference.mixtures(compositions),
        "phase separation": lambda: reference.mixtures_of_others(compositions),
    }
    rates = {}
    for name, query in queries.items():
        seconds = best(query, 3)
        rates[name] = len(compositions) / seconds
        wanted = f"aim {WANTED[name]:,}" if name in WANTED else ""
        shown(name, seconds, len(compositions), wanted)
    return rates


def compared(compositions: Compositions, energies: Energies, queries: int, size: int) -> None:
    """Both sides on the same entries."""
    from pymatgen.analysis.phase_diagram import PatchedPhaseDiagram, PDEntry
    from pymatgen.core import Composition

    symbols = elements.symbols()

    def entry(row: int) -> PDEntry:
        amounts = compositions.amounts_of(row)
        total = energies[row] * sum(amounts.values())
        return PDEntry(Composition({symbols[z]: a for z, a in amounts.items()}), total)

    entries = [entry(row) for row in range(len(compositions))]
    chosen = np.linspace(0, len(entries) - 1, min(queries, len(entries))).astype(np.int64)
    building = timed(lambda: PatchedPhaseDiagram(entries))
    theirs = PatchedPhaseDiagram(entries)
    ask = [entries[row] for row in chosen]
    at = [one.composition for one in ask]
    above = [theirs.get_e_above_hull(one, allow_negative=True) for one in ask]
    both = {
        "hull energies": timed(lambda: [theirs.get_hull_energy_per_atom(one) for one in at]),
        "decompositions": timed(lambda: [theirs.get_decomposition(one) for one in at]),
    }
    own_building = best(lambda: HullReference.build(compositions, energies), 3)
    reference = HullReference.build(compositions, energies)
    asked = compositions.take(chosen)
    difference = np.abs(energies[chosen] - reference.energies(asked) - np.array(above)).max()
    own = {
        "hull energies": best(lambda: reference.energies(asked)),
        "decompositions": best(lambda: reference.mixtures(asked)),
    }
    print(f"both, {len(entries):,} entries, {len(ask):,} queries, largest difference "
          f"{difference:.1e} eV/atom")  # fmt: skip
    more = f"~{building * size / len(entries):,.0f} s for {size:,}"
    shown("build, pymatgen", building, len(entries), more)
    shown("build, matdata", own_building, len(entries), f"{building / own_building:,.0f}x")
    for name, seconds in both.items():
        shown(f"{name}, pymatgen", seconds, len(ask))
        shown(f"{name}, matdata", own[name], len(ask), f"{seconds / own[name]:,.0f}x")


def main() -> int:
    """Measure and print; 1 if an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=100_000, help="crystals of the reference")
    parser.add_argument("--compared", type=int, default=5_000, help="entries that both sides have")
    parser.add_argument("--queries", type=int, default=2_000, help="queries that both sides answer")
    parser.add_argument("--cache", type=Path, help="where the sample is built; a temporary folder")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"instruction set {instruction_set()}")
    with tempfile.TemporaryDirectory() as folder:
        compositions, energies = sample(given.size, given.cache or Path(folder))
    few = np.arange(len(energies)) < len(elements.symbols()) - 1 + given.compared
    part = compositions.take(few)
    HullReference.build(part, energies[few]).mixtures_of_others(part)  # compiles
    rates = ours(compositions, energies)
    compared(part, energies[few], given.queries, given.size)
    return int(any(rates[name] < wanted for name, wanted in WANTED.items()))


if __name__ == "__main__":
    raise SystemExit(main())
