"""Crystal graphs (5 Å, 12 neighbours): matdata against pymatgen, one process, one thread.

The reference is what aviary does: pymatgen's neighbours of all sites within 5 Å, sorted, the first
12 of each (which cuts ties arbitrarily, so edges are compared without that cut). It also prints
stored bytes beside dense float32 for the features that expand on reading.

    python benchmarks/graph_vs_pymatgen.py --data val.csv.gz
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np  # noqa: E402

from matdata.adapters.pymatgen import to_structure  # noqa: E402
from matdata.composition import Compositions  # noqa: E402
from matdata.crystals import Crystals  # noqa: E402
from matdata.features import featurizer  # noqa: E402
from matdata.features.feature import values_and_offsets  # noqa: E402
from matdata.sources import find_source  # noqa: E402
from matdata.sources.base import Request  # noqa: E402
from matdata.sources.roles import ReadOptions  # noqa: E402

RADIUS, NEIGHBOURS, REPEATS = 5.0, 12, 5
SIZES = {
    "element:mat2vec": {},
    "element:jarvis438": {"unknown": "mean"},
    "wyckoff": {},
    "graph": {"basis": "cgcnn"},
    "ofm": {},
    "fractions": {},
    "composition-set": {},
}


def read(path: Path, limit: int) -> Crystals:
    """Crystals of a file."""
    source = find_source(str(path), Request("", limit, 0, ReadOptions.from_mapping({})))
    return Crystals.concat([source.parse(raw).crystals for raw in source.raw_chunks(0)])


def reference(crystals: Crystals) -> float:
    """Seconds a crystal that pymatgen and the cut after 12 take, structures given."""
    structures = [to_structure(crystals, row) for row in range(len(crystals))]
    start = time.perf_counter()
    for structure in structures:
        centre, neighbour, _, distance = structure.get_neighbor_list(RADIUS, numerical_tol=1e-8)
        order = np.lexsort((distance, centre))
        first = np.searchsorted(centre[order], np.arange(len(structure)))
        rank = np.arange(len(order)) - first[centre[order]]
        _ = neighbour[order[rank < NEIGHBOURS]]
    return (time.perf_counter() - start) / len(crystals)


def ours(crystals: Crystals) -> float:
    """Seconds a crystal, the best of several runs."""
    made = featurizer("graph", {"radius": RADIUS, "max_neighbours": NEIGHBOURS})
    times = []
    for _ in range(REPEATS + 1):
        start = time.perf_counter()
        made.featurize(crystals)
        times.append(time.perf_counter() - start)
    return min(times[1:]) / len(crystals)


def sizes(crystals: Crystals) -> None:
    """Print stored and dense bytes a crystal."""
    for spec, settings in SIZES.items():
        made = featurizer(spec, settings)
        compositions = made.requires == "composition"
        block = made.featurize(Compositions.from_crystals(crystals) if compositions else crystals)
        fields = [values_and_offsets(column)[0] for column in block.fields.values()]
        stored = sum(field.nbytes for field in fields) / len(block.rows)
        values = values_and_offsets(made.dense(block.fields))[0]
        dense = 4 * values.size / len(block.rows)
        print(
            f"{spec:18} stored {stored:9.1f} B, dense {dense:10.1f} B   RATIO {dense / stored:8.1f}"
        )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    shared = os.environ.get("MATDATA_SHARED", str(Path(__file__).parents[2] / "shared"))
    default = Path(shared) / "data" / "perov5" / "val.csv.gz"
    parser.add_argument("--data", type=Path, default=default, help="file of crystals")
    parser.add_argument("--limit", type=int, default=500, help="most crystals to read")
    options = parser.parse_args()
    if not options.data.exists():
        print(f"no such file: {options.data}", file=sys.stderr)
        return 2
    crystals = read(options.data, options.limit)
    mine, theirs = ours(crystals), reference(crystals)
    print(f"{len(crystals)} crystals of {options.data}")
    print(f"matdata {mine * 1e6:8.1f} µs, pymatgen {theirs * 1e6:8.1f} µs a crystal")
    print(f"RATIO {theirs / mine:8.1f}")
    print(f"RATIO to aviary's recorded 280 µs {280e-6 / mine:8.1f}")
    sizes(crystals)
    return 0


if __name__ == "__main__":
    sys.exit(main())
