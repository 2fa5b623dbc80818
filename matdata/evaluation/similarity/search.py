"""Exact search for the nearest vectors, in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
#: ``cosine``: the cosine of the angle between two vectors, 1 for equal directions.
#: ``euclidean``: the length of their difference, 0 for equal vectors.
Metric = Literal["cosine", "euclidean"]
METRICS: tuple[Metric, ...] = get_args(Metric)
#: Vectors that are compared at once: of queries, and of those that are searched.
QUERIES, CHUNK = 512, 4096


class Nearest(NamedTuple):
    """The nearest vectors of each query, nearest first.

    Attributes
    ----------
    rows : (q, k) int64
        Among those that were searched; equally near ones in the order of their rows.
    values : (q, k) float64
        Cosines, or Euclidean distances.
    """

    rows: Int
    values: Float


def nearest(
    queries: npt.NDArray[np.floating],
    vectors: npt.NDArray[np.floating],
    top: int,
    metric: Metric,
) -> Nearest:
    """The `top` vectors nearest to each query; fewer where there are no more.

    Every pair is compared, in float64. Memory beyond the result is bounded by `QUERIES`, `CHUNK`
    and `top`.

    Parameters
    ----------
    queries : (q, d)
        What is looked for.
    vectors : (n, d)
        What is searched. With cosines neither may hold a vector of length 0, which has no angle.
    top
        1 or more.
    """
    parts = [
        _of_chunk(queries[start : start + QUERIES], vectors, min(top, len(vectors)), metric)
        for start in range(0, len(queries), QUERIES)
    ]
    rows, values = zip(*parts, strict=True)
    return Nearest(np.concatenate(rows), np.concatenate(values))


def _of_chunk(
    queries: npt.NDArray[np.floating], vectors: npt.NDArray[np.floating], top: int, metric: Metric
) -> Nearest:
    """The nearest of queries that are compared at once."""
    found = _Found(len(queries), top)
    for start, closeness in _closeness(queries, vectors, metric):
        found.add(start, closeness)
    rows, values = found.rows, found.values
    if metric == "euclidean":  # exact, where what ranked them is the difference of large numbers
        pairs = zip(rows, queries.astype(np.float64), strict=True)
        values = np.array([_distances(vectors[near], query) for near, query in pairs])
        order = np.lexsort((rows, values), axis=1)
        rows, values = np.take_along_axis(rows, order, 1), np.take_along_axis(values, order, 1)
    return Nearest(rows, values)


def _distances(vectors: npt.NDArray[np.floating], query: Float) -> Float:
    distances: Float = np.sqrt(((vectors.astype(np.float64) - query) ** 2).sum(1))
    return distances


def _closeness(
    queries: npt.NDArray[np.floating], vectors: npt.NDArray[np.floating], metric: Metric
) -> Iterator[tuple[int, Float]]:
    """By chunk of the vectors its first row, and a number (q, c) that is larger for near pairs."""
    centre = vectors[0].astype(np.float64) if metric == "euclidean" else 0.0
    shifted = queries.astype(np.float64) - centre
    if metric == "cosine":
        shifted /= np.linalg.norm(shifted, axis=1, keepdims=True)
    for start in range(0, len(vectors), CHUNK):
        chunk = vectors[start : start + CHUNK].astype(np.float64) - centre
        if metric == "cosine":
            chunk /= np.linalg.norm(chunk, axis=1, keepdims=True)
            yield start, np.clip(shifted @ chunk.T, -1.0, 1.0)
        else:  # |q - v|^2 without |q|^2, which is the same for all
            yield start, 2.0 * (shifted @ chunk.T) - (chunk**2).sum(1)


class _Found:
    """The nearest so far of each query."""

    def __init__(self, queries: int, top: int) -> None:
        self.top = top
        self.rows: Int = np.empty((queries, 0), dtype=np.int64)
        self.values: Float = np.empty((queries, 0))

    def add(self, start: int, closeness: Float) -> None:
        """Compare with the next chunk, whose first row is `start`."""
        count = min(self.top, closeness.shape[1])
        least = np.partition(closeness, -count, axis=1)[:, -count]
        query, column = np.nonzero(closeness >= least[:, None])  # ties of the last one as well
        before = self.rows.shape[1]
        owner = np.concatenate([np.repeat(np.arange(len(self.rows)), before), query])
        rows = np.concatenate([self.rows.ravel(), column + start])
        values = np.concatenate([self.values.ravel(), closeness[query, column]])
        order = np.lexsort((rows, -values, owner))
        first = np.searchsorted(owner[order], np.arange(len(self.rows)))
        keep = min(self.top, before + count)
        chosen = order[first[:, None] + np.arange(keep)]
        self.rows, self.values = rows[chosen], values[chosen]
