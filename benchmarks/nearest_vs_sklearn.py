"""Nearest vectors by `matdata.evaluation.similarity.search`, beside scikit-learn's brute force.

    python benchmarks/nearest_vs_sklearn.py --vectors 100000 --width 128 --queries 1

Both find the same neighbours; scikit-learn compares in the precision of its input, ours in float64.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
from sklearn.neighbors import NearestNeighbors

from matdata.evaluation.similarity.search import METRICS, nearest

Found = TypeVar("Found")


def timed(find: Callable[[], Found], repeats: int) -> tuple[float, Found]:
    """The shortest time in seconds, and what was found."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        found = find()
        times.append(time.perf_counter() - start)
    return min(times), found


def main() -> None:
    """Print both times for each metric."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--queries", type=int, default=1)
    parser.add_argument("--top", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    random = np.random.default_rng(0)
    vectors = random.normal(size=(given.vectors, given.width)).astype(np.float32)
    queries = random.normal(size=(given.queries, given.width)).astype(np.float32)
    for metric in METRICS:
        model = NearestNeighbors(algorithm="brute", metric=metric).fit(vectors)
        theirs = partial(model.kneighbors, queries, given.top, return_distance=False)
        own, found = timed(partial(nearest, queries, vectors, given.top, metric), given.repeats)
        other, rows = timed(theirs, given.repeats)
        same = float(np.mean(found.rows == rows))
        print(f"{metric}: ours {own:.3f} s, scikit-learn {other:.3f} s, {same:.1%} of rows equal")


if __name__ == "__main__":
    main()
