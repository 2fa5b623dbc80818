"""Crystal graphs (5 Å, 12 neighbours): matdata against pymatgen, one process, one thread.

The reference is the least that can be asked: pymatgen's compiled neighbour list of each crystal and
a cut after 12 in NumPy, without the tensors that `graph_vs_aviary.py` counts.

    python benchmarks/graph_vs_pymatgen.py --data val.csv.gz
"""

from __future__ import annotations

import sys
import time

from timing import best, parse_options, read_crystals

import numpy as np

from matdata.adapters.pymatgen import to_structure
from matdata.core.crystals import Crystals
from matdata.features import featurizer

RADIUS, NEIGHBOURS = 5.0, 12


def reference(crystals: Crystals) -> float:
    """Seconds per crystal that pymatgen and the cut after 12 take, structures given."""
    structures = [to_structure(crystals, row) for row in range(len(crystals))]
    start = time.perf_counter()
    for structure in structures:
        centre, neighbour, _, distance = structure.get_neighbor_list(RADIUS, numerical_tol=1e-8)
        order = np.lexsort((distance, centre))
        first = np.searchsorted(centre[order], np.arange(len(structure)))
        rank = np.arange(len(order)) - first[centre[order]]
        _ = neighbour[order[rank < NEIGHBOURS]]
    return (time.perf_counter() - start) / len(crystals)


def main() -> int:
    """Measure and print."""
    options = parse_options(__doc__, "perov5/val.csv.gz", limit=(500, "most crystals to read"))
    crystals = read_crystals(options.data, options.limit)
    feature = featurizer("graph", {"radius": RADIUS, "max_neighbours": NEIGHBOURS})
    feature.featurize(crystals)  # compiles, or loads what is cached
    mine = best(lambda: feature.featurize(crystals)) / len(crystals)
    theirs = min(reference(crystals) for _ in range(3))
    print(f"{crystals!r} from {options.data.name}")
    print(f"matdata {mine * 1e6:8.1f} µs, pymatgen {theirs * 1e6:8.1f} µs per crystal")
    print(f"RATIO pymatgen / matdata {theirs / mine:8.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
