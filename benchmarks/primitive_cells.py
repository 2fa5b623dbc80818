"""Crystal graphs of primitive cells beside those of cells as given, one process, one thread.

CPU seconds of the feature `graph` (nearest images within 4 Å) for 1,000 crystals, with `cell=given`
and with `cell=primitive`, and of spglib's `standardize_cell` of those crystals that are searched;
the crystals that were searched, reduced and rejected, and of those searched how many have as many
sites as spglib's primitive cell of the same tolerance.

    python benchmarks/primitive_cells.py
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial

from timing import best, public, read_crystals

import numpy as np

from matdata.core.crystals import Crystals
from matdata.core.tolerances import SYMPREC
from matdata.features import featurizer
from matdata.symmetry.cell import plain_cells
from matdata.symmetry.primitive import may_be_reduced, primitive_cells

SETS = ("perov5/val.csv.gz", "phonons/matbench_phonons.json.gz")
SETTINGS = {"radius": 4.0, "max_neighbours": 0, "isolated": "keep", "images": "nearest"}
ROUNDS = 3


def cpu_seconds(function: Callable[[], object], repeats: int = ROUNDS) -> float:
    """Shortest CPU time, which other programs of the machine change less."""
    return best(function, repeats, time.process_time)


def spglib_sites(crystals: Crystals) -> list[int]:
    """Sites of the primitive cell of spglib; 0 where it finds none."""
    import spglib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        found = [
            spglib.standardize_cell(cell, to_primitive=True, no_idealize=True, symprec=SYMPREC)
            for cell in plain_cells(crystals)
        ]
    return [0 if one is None else len(one[2]) for one in found]


def row_of(name: str, crystals: Crystals) -> str:
    """Times and counts of a data set."""
    thousands = len(crystals) / 1000
    seconds = {}
    for cell in ("given", "primitive"):
        feature = featurizer("graph", {**SETTINGS, "cell": cell})
        feature.featurize(crystals.take(slice(0, 4)))  # compiles
        seconds[cell] = cpu_seconds(partial(feature.featurize, crystals)) / thousands
    made = primitive_cells(crystals)
    searched = np.flatnonzero(may_be_reduced(crystals))
    sites = dict(zip(made.rows.tolist(), made.crystals.n_sites.tolist(), strict=True))
    some = crystals.take(searched)
    theirs = spglib_sites(some)
    same = sum(sites.get(row) == n for row, n in zip(searched.tolist(), theirs, strict=True))
    times = (*seconds.values(), cpu_seconds(lambda: spglib_sites(some), 1) / thousands)
    counts = (len(crystals), len(searched), int(made.reduced.sum()), len(made.rejects), same)
    ratio = seconds["primitive"] / seconds["given"]
    return (
        f"{name:10}"
        + "".join(f"{value:11.3f}" for value in times)
        + f"{ratio:10.1f}x"
        + "".join(f"{count:10,}" for count in counts)
    )


def main() -> int:
    """Time, count and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=4000, help="most crystals of each set")
    limit = parser.parse_args().limit
    times = ("given s", "primitive s", "spglib s", "ratio")
    counts = ("crystals", "searched", "reduced", "rejected", "as spglib")
    print(" " * 10 + "".join(f"{head:>11}" for head in times), end="")
    print("".join(f"{head:>10}" for head in counts))
    for name in SETS:
        print(row_of(name.split("/")[0], read_crystals(public(name), limit)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
