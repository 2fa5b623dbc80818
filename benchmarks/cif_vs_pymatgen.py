"""CIF texts to crystals: matdata against pymatgen's parser, one process, one thread.

Both read the same texts; every crystal that both give is compared, and differences end the run with
status 1. pymatgen reads only some of them, as it takes milliseconds a text.

    python benchmarks/cif_vs_pymatgen.py --data val.csv.gz
"""

from __future__ import annotations

import csv
import gzip
import itertools
import sys
import warnings

from timing import best, instruction_set, parse_options

import numpy as np

from matdata.adapters.cif import read_cif
from matdata.adapters.pymatgen import sites_of
from matdata.adapters.sites import Sites

ATOL = 1e-12


def matdata_reads(text: str) -> list[Sites]:
    """The crystals of a text."""
    return [each.sites for each in read_cif(text) if isinstance(each.sites, Sites)]


def pymatgen_reads(text: str) -> list[Sites]:
    """The crystals of a text, as columns too."""
    from pymatgen.io.cif import CifParser

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [sites_of(s) for s in CifParser.from_str(text).parse_structures(primitive=False)]


def differ(ours: list[Sites], theirs: list[Sites]) -> bool:
    """Whether two readings of a text differ in a site, a place or the lattice."""
    return len(ours) != len(theirs) or any(
        not np.array_equal(a.numbers, b.numbers)
        or not np.allclose(a.lattice, b.lattice, rtol=0, atol=ATOL)
        or not np.allclose(a.frac_coords, b.frac_coords, rtol=0, atol=ATOL)
        for a, b in zip(ours, theirs, strict=True)
    )


def main() -> int:
    """Measure, compare and print."""
    options = parse_options(
        __doc__,
        "perov5/val.csv.gz",
        limit=(3787, "most texts to read"),
        sample=(400, "texts for pymatgen"),
    )
    with gzip.open(options.data, "rt", newline="") as file:
        rows = itertools.islice(csv.DictReader(file), options.limit)
        texts = [row["cif"] for row in rows]
    chosen = texts[:: max(1, len(texts) // options.sample)]
    wrong = sum(differ(matdata_reads(text), pymatgen_reads(text)) for text in chosen)
    ours = best(lambda: [matdata_reads(text) for text in texts]) / len(texts)
    theirs = best(lambda: [pymatgen_reads(text) for text in chosen], 2) / len(chosen)
    print(f"{len(texts)} texts of {options.data.name}, {len(chosen)} for pymatgen; {wrong} differ")
    print(f"instruction set {instruction_set()}")
    print(f"matdata {ours * 1e6:8.0f} µs, pymatgen {theirs * 1e6:8.0f} µs a text")
    print(f"RATIO pymatgen / matdata {theirs / ours:8.1f}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
