"""Protostructure labels: matdata's batch against pymatgen's two functions, one process, one thread.

Run ``python benchmarks/protostructure_vs_pymatgen.py [PATH]`` with the path of a pandas "split"
JSON of pymatgen structures (default: matbench_phonons below ``MATDATA_SHARED``). The sides take
turns, the best of the rounds counts, and reading the file is in neither.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from matdata.symmetry import protostructure
from matdata.symmetry.search import Engine, Symmetry, analyse
from matdata.core.crystals import Crystals
from matdata.core import elements

SHARED = Path(os.environ.get("MATDATA_SHARED", Path(__file__).parents[2] / "shared"))
ROUNDS = 3


def read(path: Path) -> tuple[Crystals, list[object]]:
    """The crystals as columns and as pymatgen structures."""
    from pymatgen.core import Structure

    table = json.loads(gzip.decompress(path.read_bytes()))
    rows = [row[table["columns"].index("structure")] for row in table["data"]]
    crystals = Crystals.from_lists(
        [str(i) for i in table["index"]],
        [s["lattice"]["matrix"] for s in rows],
        [[site["abc"] for site in s["sites"]] for s in rows],
        [
            [elements.atomic_number(site["species"][0]["element"]) for site in s["sites"]]
            for s in rows
        ],
    )
    return crystals, [Structure.from_dict(row) for row in rows]


def ours(crystals: Crystals, engine: Engine, workers: int = 1) -> None:
    """The whole batch, from columns to labels, with no label remembered from an earlier round."""
    protostructure.canonical_words.cache_clear()
    if workers == 1:
        protostructure.protostructures(crystals, analyse(crystals, engine))
        return
    from concurrent.futures import ThreadPoolExecutor

    parts = [crystals.take(slice(k, None, workers)) for k in range(workers)]
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda p: protostructure.protostructures(p, analyse(p, engine)), parts))


def main() -> None:
    """Time all sides in turn and print milliseconds a crystal and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "path", nargs="?", type=Path, default=SHARED / "data/phonons/matbench_phonons.json.gz"
    )
    crystals, structures = read(parser.parse_args().path)
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
    print(f"{len(crystals)} crystals, best of {ROUNDS}, ms a crystal and times matdata moyopy")
    for name, seconds in best.items():
        print(f"{name:28s}{seconds / len(crystals) * 1e3:8.3f}{seconds / reference:8.2f}")


def labels_only(crystals: Crystals, symmetry: Symmetry) -> None:
    """Labels of crystals whose symmetry is known."""
    protostructure.canonical_words.cache_clear()
    protostructure.protostructures(crystals, symmetry)


if __name__ == "__main__":
    main()
