"""Protostructure labels: matdata's batch against pymatgen's two functions, one process, one thread.

    python benchmarks/protostructure_vs_pymatgen.py [--data matbench_phonons.json.gz]

The sides take turns, the best of the rounds counts, and reading the file is in neither.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from timing import parse_options, read_crystals

from matdata.adapters.pymatgen import to_structure
from matdata.core.crystals import Crystals
from matdata.symmetry import canonical, protostructure
from matdata.symmetry.search import Engine, Symmetry, analyse

ROUNDS = 3


def ours(crystals: Crystals, engine: Engine, workers: int = 1) -> None:
    """The whole batch, from columns to labels, with no label remembered from an earlier round."""
    canonical.canonical_words.cache_clear()
    if workers == 1:
        protostructure.protostructures(crystals, analyse(crystals, engine))
        return
    from concurrent.futures import ThreadPoolExecutor

    parts = [crystals.take(slice(k, None, workers)) for k in range(workers)]
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda p: protostructure.protostructures(p, analyse(p, engine)), parts))


def main() -> None:
    """Time all sides in turn and print milliseconds per crystal and ratios."""
    options = parse_options(
        __doc__, "phonons/matbench_phonons.json.gz", limit=(100_000, "most crystals to read")
    )
    crystals = read_crystals(options.data, options.limit)
    structures = [to_structure(crystals, row) for row in range(len(crystals))]
    from pymatgen.analysis.prototypes import (
        get_protostructure_label_from_moyopy as by_moyopy,
    )
    from pymatgen.analysis.prototypes import (
        get_protostructure_label_from_spglib as by_spglib,
    )

    symmetry = analyse(crystals)
    sides: dict[str, Callable[[], object]] = {
        "matdata moyopy": lambda: ours(crystals, "moyopy"),
        "  of which the labels": lambda: labels_only(crystals, symmetry),
        "matdata moyopy, 2 threads": lambda: ours(crystals, "moyopy", 2),
        "matdata spglib": lambda: ours(crystals, "spglib"),
        "pymatgen moyopy": lambda: [by_moyopy(s) for s in structures],
        "pymatgen spglib": lambda: [by_spglib(s) for s in structures],
    }
    best = dict.fromkeys(sides, float("inf"))
    for _ in range(ROUNDS):
        for name, side in sides.items():
            start = time.perf_counter()
            side()
            best[name] = min(best[name], time.perf_counter() - start)
    reference = best["matdata moyopy"]
    print(f"{len(crystals)} crystals, best of {ROUNDS}, ms per crystal and times matdata moyopy")
    for name, seconds in best.items():
        print(f"{name:28s}{seconds / len(crystals) * 1e3:8.3f}{seconds / reference:8.2f}")


def labels_only(crystals: Crystals, symmetry: Symmetry) -> None:
    """Labels of crystals whose symmetry is known."""
    canonical.canonical_words.cache_clear()
    protostructure.protostructures(crystals, symmetry)


if __name__ == "__main__":
    main()
