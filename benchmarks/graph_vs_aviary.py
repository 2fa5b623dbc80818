"""Crystal graphs (5 Å, 12 neighbours): matdata against aviary, one process, one thread.

Needs the dependency group ``bench``. The side of aviary is what its CGCNN data set computes of a
crystal, structures given: the neighbours (`get_structure_neighbor_info`) and the tensors
(`CrystalGraphData.__getitem__`). Its first pass, which finds all neighbours once more to look for
isolated atoms, is printed and not counted. The side of matdata is the featurizer, columns to block.
aviary cuts ties with the 12th neighbour arbitrarily, matdata keeps them, so its edges must be a
superset, and the same ones for each site whose 12th and 13th distances differ.

    python benchmarks/graph_vs_aviary.py
"""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter
from collections.abc import Mapping

from timing import best, parse_options, read_crystals

import numpy as np

from matdata.adapters.pymatgen import to_structure
from matdata.core.crystals import Crystals
from matdata.features import featurizer
from matdata.plugin import Column

RADIUS, NEIGHBOURS, ROUNDS = 5.0, 12, 5
SAME = 1e-4  # Å


def aviary(crystals: Crystals) -> tuple[list[tuple[np.ndarray, ...]], float, float]:
    """Sender, receiver, distance of each crystal; seconds per crystal, and of the first pass."""
    import pandas as pd
    from aviary.cgcnn.data import CrystalGraphData

    structures = [to_structure(crystals, row) for row in range(len(crystals))]
    frame = pd.DataFrame({"structure": structures, "material_id": crystals.ids, "y": 0.0})
    options = {"radius_cutoff": RADIUS, "max_num_nbr": NEIGHBOURS}
    times, first = [], []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        data = CrystalGraphData(frame, {"y": "regression"}, identifiers=["material_id"], **options)
        middle = time.perf_counter()
        items = [data[row] for row in range(len(data))]
        times.append(time.perf_counter() - middle)
        first.append(middle - start)
    graphs = [tuple(column.numpy() for column in (out, into, d)) for (_, d, out, into), *_ in items]
    return graphs, min(times) / len(crystals), min(first) / len(crystals)


def compare(fields: Mapping[str, Column], theirs: list[tuple[np.ndarray, ...]]) -> tuple[int, int]:
    """Sites, and sites without a tie at the cut; asserts that the graphs agree."""
    sites = clear = 0
    for row, (out, into, distance) in enumerate(theirs):
        sender, receiver = fields["sender"][row], fields["receiver"][row]
        for site in range(int(out.max()) + 1):
            mine, yours = sender == site, out == site
            ours, other = (Counter(a.tolist()) for a in (receiver[mine], into[yours]))
            near, far = np.sort(fields["distance"][row][mine]), np.sort(distance[yours])
            np.testing.assert_allclose(near[: len(far)], far, atol=SAME)
            # What we have beyond theirs ties with their last one.
            assert (near[len(far) :] <= far[-1] + 2 * SAME).all()
            assert other <= ours if len(near) > len(far) else other == ours
            sites, clear = sites + 1, clear + (len(near) == len(far))
    return sites, clear


def main() -> int:
    """Measure, compare and print."""
    options = parse_options(__doc__, "perov5/val.csv.gz", limit=(1000, "most crystals to read"))
    warnings.simplefilter("ignore")
    import torch

    torch.set_num_threads(1)
    crystals = read_crystals(options.data, options.limit)
    feature = featurizer("graph", {"radius": RADIUS, "max_neighbours": NEIGHBOURS})
    block = feature.featurize(crystals)  # compiles, or loads what is cached
    assert len(block.rows) == len(crystals)
    mine = best(lambda: feature.featurize(crystals), ROUNDS) / len(crystals)
    graphs, theirs, first = aviary(crystals)
    mine = min(mine, best(lambda: feature.featurize(crystals), ROUNDS) / len(crystals))
    sites, clear = compare(block.fields, graphs)
    print(f"{crystals!r} from {options.data.name}")
    print(f"{sites} sites: {clear} with equal edges, {sites - clear} where aviary cuts a tie")
    print(f"matdata {mine * 1e6:8.1f} µs, aviary {theirs * 1e6:8.1f} µs per crystal")
    print(f"aviary's first pass, not counted: {first * 1e6:8.1f} µs")
    print(f"RATIO aviary / matdata {theirs / mine:8.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
