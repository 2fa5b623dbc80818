"""Sites and edges of crystal graphs beside those of their quotient graphs, on public data.

Twelve neighbours without a cutoff, and those that tie with the last one. The fourth number counts
edges with the same ends and the same rounded length once, without joining sites.

    python benchmarks/quotient_sizes.py
"""

from __future__ import annotations

import argparse
import sys

from timing import public, read_crystals

import numpy as np

from matdata.core.crystals import Crystals
from matdata.features import featurizer
from matdata.features.base import Block
from matdata.features.feature import values_and_offsets
from matdata_quotient.feature import QuotientGraphSettings

SETS = ("phonons/matbench_phonons.json.gz", "perov5/val.csv.gz", "nomad2018/train.extxyz.gz")


def entries(block: Block, field: str) -> int:
    """Entries of a ragged field in all crystals."""
    return len(values_and_offsets(block.fields[field])[0])


def distinct_edges(block: Block) -> int:
    """Edges of different ends or lengths."""
    resolution = QuotientGraphSettings().resolution
    count = 0
    for row in range(len(block.rows)):
        ends = [block.fields[name][row] for name in ("sender", "receiver")]
        length = np.rint(block.fields["distance"][row] / resolution)
        count += len(np.unique(np.stack([*ends, length]), axis=1).T)
    return count


def row_of(name: str, crystals: Crystals) -> str:
    """The counts of a data set."""
    whole = featurizer("graph", {"radius": 0.0, "max_neighbours": 12}).featurize(crystals)
    quotient = featurizer("quotient-graph").featurize(crystals)
    counts = (
        *(entries(whole, "numbers"), entries(quotient, "numbers")),
        *(entries(whole, "sender"), distinct_edges(whole), entries(quotient, "sender")),
    )
    return f"{name:12}" + "".join(f"{count:11,}" for count in counts)


def main() -> int:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=600, help="most crystals of each set")
    limit = parser.parse_args().limit
    heads = ("sites", "nodes", "edges", "distinct", "quotient")
    print(" " * 12 + "".join(f"{head:>11}" for head in heads))
    for name in SETS:
        print(row_of(name.split("/")[0], read_crystals(public(name), limit)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
