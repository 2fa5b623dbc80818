"""Crystal graphs with line graphs (12 neighbours): matdata against alignn, one process, one thread.

Needs the dependency group ``bench``. The side of alignn is `Graph.atom_dgl_multigraph` of each
crystal, as its data sets call it, jarvis' structures given: graph, line graph and cosines. The side
of matdata is the featurizer, columns to block, and pairs with cosines of all crystals in batches of
64, as a loader makes them anew in each epoch. alignn lists edges between a site and its own images
twice, and keeps of equal distances those that rounding makes no longer; the first line counts the
crystals whose edges differ by the second.

    python benchmarks/line_graph_vs_alignn.py
"""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from timing import best, parse_options, read_crystals

import numpy as np
import torch

from matdata.core.crystals import Crystals
from matdata.features import featurizer
from matdata.features.base import Block
from matdata.load.inputs.line_graph import LineGraphBatch
from matdata.training.batch_of import batch_of

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
warnings.simplefilter("ignore")

BATCH = 64


def alignn(crystals: Crystals) -> tuple[list[Any], float]:
    """Graphs of each crystal, and seconds per crystal."""
    from support.alignn_weights import alignn_graphs, jarvis_atoms

    atoms = [jarvis_atoms(crystals, row) for row in range(len(crystals))]
    alignn_graphs(atoms[0])  # imports
    start = time.perf_counter()
    graphs = [alignn_graphs(one) for one in atoms]
    return graphs, (time.perf_counter() - start) / len(crystals)


def differences(block: Block, graphs: list[Any]) -> int:
    """Crystals whose edges differ, images of a site that are there twice left aside."""
    count = 0
    for row, (graph, _) in enumerate(graphs):
        out, into = (end.numpy() for end in graph.edges())
        every = Counter(zip(out.tolist(), into.tolist(), strict=True))
        theirs = {ends: n // 2 if ends[0] == ends[1] else n for ends, n in every.items()}
        ends = (block.fields[name][row].tolist() for name in ("sender", "receiver"))
        count += Counter(zip(*ends, strict=True)) != theirs
    return count


def pairs_of_all(made: Any, crystals: Crystals) -> float:
    """Seconds per crystal for pairs and cosines; batches are made beforehand."""
    seconds = 0.0
    for first in range(0, len(crystals), BATCH):
        rows = np.arange(first, min(first + BATCH, len(crystals)))
        batch = batch_of({made.spec: made}, crystals.take(rows))
        graph = batch.get(made.spec, LineGraphBatch)
        start = time.perf_counter()
        graph.line_graph  # noqa: B018
        seconds += time.perf_counter() - start
    return seconds / len(crystals)


def main() -> int:
    """Measure and print."""
    options = parse_options(__doc__, "perov5/val.csv.gz", limit=(256, "most crystals to read"))
    torch.set_num_threads(1)
    crystals = read_crystals(options.data, options.limit)
    made = featurizer("line-graph")
    block = made.featurize(crystals)  # compiles, or loads what is cached
    graphs, theirs = alignn(crystals)
    print(f"{crystals!r} from {options.data.name}: {differences(block, graphs)} differ by ties")
    stored = best(lambda: made.featurize(crystals)) / len(crystals)
    pairs = min(pairs_of_all(made, crystals) for _ in range(3))
    print(f"matdata {stored * 1e6:8.1f} µs to store, {pairs * 1e6:8.1f} µs for pairs per crystal")
    print(f"alignn  {theirs * 1e6:8.1f} µs per crystal")
    print(f"RATIO alignn / matdata {theirs / (stored + pairs):8.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
