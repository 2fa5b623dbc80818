"""Wyckoff representations: matdata beside what Wren reads, one process, one thread.

Needs the dependency group ``bench``. The other side is pymatgen's protostructure label of each
crystal (moyopy and spglib), then aviary's `WyckoffData` item: elements, shares, positions and all
equivalent labellings as tensors. Ours is the featurizer and the dense form with all labellings.
Both start from structures in memory.

    python benchmarks/wyckoff_vs_aviary.py
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

from timing import parse_options, read_crystals

from matdata.adapters.pymatgen import to_structure
from matdata.core.crystals import Crystals
from matdata.features import featurizer
from matdata.features.wyckoff import _equivalents
from matdata.symmetry.canonical import canonical_words

ROUNDS = 3


def ours(crystals: Crystals, engine: str) -> tuple[float, float]:
    """Seconds to the stored block, and of its expansion; nothing is remembered between rounds."""
    feature = featurizer("wyckoff", {"engine": engine, "labellings": "all"})
    canonical_words.cache_clear()
    _equivalents.cache_clear()
    start = time.perf_counter()
    block = feature.featurize(crystals)
    middle = time.perf_counter()
    feature.dense(block.fields)
    return middle - start, time.perf_counter() - middle


def theirs(structures: list[Any], label: Callable[[Any], Any]) -> tuple[float, float]:
    """Seconds of the labels, and of aviary's items of those that have one."""
    import pandas as pd
    from aviary.wren.data import WyckoffData

    start = time.perf_counter()
    labels = [label(structure) for structure in structures]
    middle = time.perf_counter()
    good = [text for text in labels if isinstance(text, str) and "invalid" not in text]
    frame = pd.DataFrame({"protostructure": good, "material_id": range(len(good))})
    frame["composition"], frame["y"] = "", 0.0
    data = WyckoffData(frame, {"y": "regression"})
    for row in range(len(data)):
        data[row]
    return middle - start, time.perf_counter() - middle


def main() -> int:
    """Measure and print."""
    options = parse_options(
        __doc__, "phonons/matbench_phonons.json.gz", limit=(400, "most crystals to read")
    )
    warnings.simplefilter("ignore")
    import torch
    from pymatgen.analysis import prototypes

    torch.set_num_threads(1)
    crystals = read_crystals(options.data, options.limit)
    structures = [to_structure(crystals, row) for row in range(len(crystals))]
    print(f"{crystals!r} from {options.data.name}; µs per crystal, best of {ROUNDS}")
    for engine in ("moyopy", "spglib"):
        label = getattr(prototypes, f"get_protostructure_label_from_{engine}")
        theirs(structures[:5], label)
        mine = [ours(crystals, engine) for _ in range(ROUNDS)]
        other = [theirs(structures, label) for _ in range(ROUNDS)]
        a, b = (1e6 * min(t[k] for t in mine) / len(crystals) for k in (0, 1))
        c, d = (1e6 * min(t[k] for t in other) / len(crystals) for k in (0, 1))
        print(f"{engine:7} matdata  symmetry and labels {a:8.1f}   all labellings {b:8.1f}")
        print(f"{engine:7} aviary   symmetry and labels {c:8.1f}   item           {d:8.1f}")
        print(f"{engine:7} RATIO    whole {(c + d) / (a + b):8.1f}   from labels {d / b:8.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
