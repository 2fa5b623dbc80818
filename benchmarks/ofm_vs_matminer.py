"""Time per site of the orbital field matrix, matdata against matminer, in one process and thread.

    python benchmarks/ofm_vs_matminer.py --data matbench_phonons.json.gz

Both sides featurize the same real crystals. matdata does all of them; matminer an evenly spaced
sample, one site of each original cell in its 3x3x3 supercell, since it takes tens of milliseconds
for each. matminer's time is that of its neighbour search and its matrix alone: supercells and
symmetry are not counted. matdata's is that of the whole featurizer, from columns to a stored block.
"""

from __future__ import annotations

import sys
import time
import warnings
from functools import partial

from timing import best, parse_options, read_crystals

import numpy as np

from matdata.core.crystals import Crystals
from matdata.features import featurizer
from matdata.core.elements import symbols
from matdata.testing.invariance import supercell

LARGEST_CELL = 8000  # sites


def time_matminer(crystals: Crystals, rows: np.ndarray) -> tuple[float, int]:
    """Seconds and number of sites; one site of each original cell."""
    from matminer.featurizers.structure.matrix import OrbitalFieldMatrix
    from pymatgen.core import Lattice, Structure
    from pymatgen.core.local_env import VoronoiNN

    oracle, finder = OrbitalFieldMatrix(), VoronoiNN(allow_pathological=True)
    spent, sites = 0.0, 0
    for row in rows:
        part = crystals.sites(int(row))
        names = [symbols()[number] for number in crystals.numbers[part]]
        cell = Structure(Lattice(crystals.lattice[row]), names, crystals.frac_coords[part])
        repeated = cell * [3, 3, 3]
        start = time.perf_counter()
        for site in range(0, len(repeated), 27):
            oracle.get_single_ofm(repeated[site], finder.get_nn_info(repeated, site))
        spent += time.perf_counter() - start
        sites += len(cell)
    return spent, sites


def linearity(crystals: Crystals) -> None:
    """Time per site of supercells of the smallest crystal of three or more sites."""
    from matdata.features.kernels.voronoi import tessellate

    row = int(np.argmin(np.where(crystals.n_sites >= 3, crystals.n_sites, 10**6)))
    unit = crystals.take([row])
    rng = np.random.default_rng(0)
    print("\nsites a cell   µs per site (tessellation of a supercell, sites moved by 0.01 Å)")
    for n in (1, 2, 3, 4, 6, 8, 10, 12):
        if n > 1 and n**3 * len(unit.numbers) > LARGEST_CELL:
            break
        cell, _ = supercell(unit, (n, n, n))
        moved = cell.frac_coords + rng.normal(size=cell.frac_coords.shape) * 0.01 / (4 * n)
        cell = Crystals(cell.ids, cell.lattice, moved, cell.numbers, cell.offsets)
        copies = max(1, 2000 // len(cell.numbers))
        many = Crystals.concat([cell] * copies)
        seconds = best(partial(tessellate, many))
        print(f"{len(cell.numbers):12d}   {seconds / len(many.numbers) * 1e6:8.2f}")


def main() -> int:
    """Measure and print."""
    options = parse_options(
        __doc__,
        "phonons/matbench_phonons.json.gz",
        limit=(2000, "most crystals to read"),
        sample=(60, "crystals for matminer"),
    )
    warnings.simplefilter("ignore")
    crystals = read_crystals(options.data, options.limit)
    feature = featurizer("ofm", {"valence": "matminer"})  # what the other side computes
    start = time.perf_counter()
    feature.featurize(crystals.take(slice(0, 1)))
    print(f"{crystals!r} from {options.data.name}")
    print(f"first call (compiling, or loading what is cached): {time.perf_counter() - start:.2f} s")

    from matdata.features.kernels.voronoi import tessellate

    sites = len(crystals.numbers)
    batches = [crystals.take(slice(k, k + 512)) for k in range(0, len(crystals), 512)]
    cells = best(lambda: [tessellate(batch) for batch in batches]) / sites
    whole = best(lambda: [feature.featurize(batch) for batch in batches]) / sites
    rows = np.linspace(0, len(crystals) - 1, options.sample).astype(int)
    spent, counted = time_matminer(crystals, rows)
    theirs = spent / counted
    print(f"matdata   tessellation   {cells * 1e6:10.2f} µs per site")
    print(f"matdata   featurizer     {whole * 1e6:10.2f} µs per site")
    print(f"matminer  ({counted:4d} sites)   {theirs * 1e6:10.2f} µs per site")
    print(f"RATIO matminer / matdata {theirs / whole:10.0f}")
    linearity(crystals)
    return 0


if __name__ == "__main__":
    sys.exit(main())
