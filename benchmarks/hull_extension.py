"""More entries in a hull reference: extending it against building it anew, on one thread.

    python benchmarks/hull_extension.py
    python benchmarks/hull_extension.py --size 2000 --own 500

The first reference has crystals of the `sample` source with their electrostatic energies, in many
chemical systems, the second has entries of one system of four elements. Both results are compared
bit by bit.
"""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path

from hull_vs_pymatgen import Energies, sample
from timing import best, instruction_set

import numpy as np

from matdata.core.composition import Compositions
from matdata.phases.reference import HullReference

ADDED = (1, 10, 100, 1_000)


def one_system(size: int) -> tuple[Compositions, Energies]:
    """Entries of Li-Co-Ni-O above and on a convex function of the composition, and the elements."""
    rng = np.random.default_rng(0)
    amounts = [{z: 1.0} for z in (3, 8, 27, 28)]
    amounts += [dict(zip((3, 8, 27, 28), map(float, some), strict=True))
                for some in rng.integers(1, 60, (size, 4))]  # fmt: skip
    entries = Compositions.from_amounts([str(k) for k in range(len(amounts))], amounts)
    values = np.array([list(one.values()) for one in amounts[4:]])
    fractions = values / values.sum(1, keepdims=True)
    energies = -0.5 * (1 - (fractions**2).sum(1)) + rng.exponential(0.3, size)
    return entries, np.append(np.zeros(4), energies)


def compared(name: str, entries: Compositions, energies: Energies) -> None:
    """Print both times for some numbers of new entries."""
    whole = HullReference.build(entries, energies)
    print(f"{name}: {len(energies):,} entries in {len(whole.table.masks):,} systems, "
          f"{len(whole):,} on the hull")  # fmt: skip
    order = np.random.default_rng(1).permutation(len(energies))
    for added in (one for one in ADDED if one < len(energies) / 2):
        new = np.sort(order[:added])
        rest = np.sort(order[added:])
        older = HullReference.build(entries.take(rest), energies[rest])
        more = partial(older.extended, entries.take(new), energies[new], rest)
        anew = best(lambda: HullReference.build(entries, energies), 3)
        more_only = best(more, 3)
        extended = more().arrays()
        for key, array in whole.arrays().items():
            np.testing.assert_array_equal(extended[key], array)
        print(f"  {added:>6,} more: anew {anew * 1e3:9.1f} ms, extended {more_only * 1e3:8.1f} ms, "
              f"{anew / more_only:6.1f}x", flush=True)  # fmt: skip


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=100_000, help="crystals of `sample`")
    parser.add_argument("--own", type=int, default=20_000, help="entries of the one system")
    parser.add_argument("--cache", type=Path, help="where the sample is built; a temporary folder")
    given = parser.parse_args()
    print(f"instruction set {instruction_set()}")
    compared("one system", *one_system(given.own))
    with tempfile.TemporaryDirectory() as folder:
        compared("sample", *sample(given.size, given.cache or Path(folder)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
