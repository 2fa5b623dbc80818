"""Voronoi attributes: matdata against matminer, same crystals, one process, one thread.

matminer's neighbour cache is emptied before each crystal and warm within it, as it is when a
dataset is featurized crystal by crystal.

    python benchmarks/voronoi_vs_matminer.py --data matbench_phonons.json.gz
"""

from __future__ import annotations

import sys
import time
import warnings

from timing import best, parse_options, read_crystals

import numpy as np

from matdata.core.crystals import Crystals
from matdata.features import featurizer
from matdata.features.voronoi import WIDTH
from matdata.core.elements import symbols


def matminer(crystals: Crystals) -> tuple[np.ndarray, float]:
    """The 128 structure attributes, and seconds."""
    from matminer.featurizers import structure
    from matminer.featurizers.base import MultipleFeaturizer
    from matminer.utils import caching
    from pymatgen.core import Lattice, Structure

    stats = structure.SiteStatsFingerprint.from_preset
    oracle = MultipleFeaturizer(
        [
            stats("CoordinationNumber_ward-prb-2017"),
            structure.StructuralHeterogeneity(),
            structure.ChemicalOrdering(),
            structure.MaximumPackingEfficiency(),
            stats("LocalPropertyDifference_ward-prb-2017"),
        ]
    )
    rows, spent = [], 0.0
    for row in range(len(crystals)):
        part = crystals.sites(row)
        names = [symbols()[number] for number in crystals.numbers[part]]
        cell = Structure(Lattice(crystals.lattice[row]), names, crystals.frac_coords[part])
        caching._get_all_nearest_neighbors.cache_clear()
        start = time.perf_counter()
        rows.append(oracle.featurize(cell))
        spent += time.perf_counter() - start
    return np.array(rows, dtype=float), spent


def main() -> int:
    """Measure and print."""
    options = parse_options(
        __doc__,
        "phonons/matbench_phonons.json.gz",
        limit=(2000, "most crystals to read"),
        sample=(60, "crystals for both sides"),
        largest=(20, "most sites of those crystals"),
    )
    warnings.simplefilter("ignore")
    crystals = read_crystals(options.data, options.limit)
    feature = featurizer("voronoi")
    start = time.perf_counter()
    feature.featurize(crystals.take(slice(0, 1)))
    print(f"{crystals!r} from {options.data.name}")
    print(f"first call (compiling, or loading what is cached): {time.perf_counter() - start:.2f} s")
    from matdata.features.kernels.voronoi import tessellate

    batches = [crystals.take(slice(k, k + 512)) for k in range(0, len(crystals), 512)]
    cells = best(lambda: [tessellate(batch) for batch in batches]) / len(crystals)
    whole = best(lambda: [feature.dense(feature.featurize(batch).fields) for batch in batches])
    whole /= len(crystals)
    print(f"matdata   tessellation {cells * 1e6:9.1f} µs per crystal, all {len(crystals)}")
    print(f"matdata   273 columns  {whole * 1e6:9.1f} µs per crystal, all {len(crystals)}")

    fitting = np.flatnonzero(crystals.n_sites <= options.largest)
    places = np.linspace(0, len(fitting) - 1, min(options.sample, len(fitting))).astype(int)
    chosen = crystals.take(fitting[places])
    expected, spent = matminer(chosen)
    rows = np.asarray(feature.dense(feature.featurize(chosen).fields))[:, :WIDTH]
    np.testing.assert_allclose(rows, expected, rtol=1e-6, atol=1e-9)
    ours = best(lambda: feature.featurize(chosen)) / len(chosen)
    theirs = spent / len(chosen)
    print(f"\n{len(chosen)} crystals of {chosen.n_sites.mean():.1f} sites, equal in both")
    print(f"matdata   128 columns  {ours * 1e6:9.1f} µs per crystal")
    print(f"matminer  128 columns  {theirs * 1e6:9.1f} µs per crystal")
    print(f"RATIO matminer / matdata {theirs / ours:10.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
