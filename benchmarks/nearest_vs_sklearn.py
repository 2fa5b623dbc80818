"""Nearest vectors by `matdata.evaluation.similarity.search`, against scikit-learn's brute force.

    python benchmarks/nearest_vs_sklearn.py --vectors 100000 --width 128 --queries 1

One thread each. Both find the same neighbours; scikit-learn compares in the precision of its input,
ours in float64.
"""

from __future__ import annotations

import argparse
from functools import partial

from timing import best

import numpy as np
from sklearn.neighbors import NearestNeighbors

from matdata.evaluation.similarity.search import METRICS, nearest


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
        own = partial(nearest, queries, vectors, given.top, metric)
        theirs = partial(model.kneighbors, queries, given.top, return_distance=False)
        same = float(np.mean(own().rows == theirs()))
        seconds = [best(search, given.repeats) for search in (own, theirs)]
        print(
            f"{metric}: ours {seconds[0]:.3f} s, scikit-learn {seconds[1]:.3f} s, "
            f"{same:.1%} of rows equal"
        )


if __name__ == "__main__":
    main()
