"""Chemical environment clustering vectors (CECV): how finely a model resolves environments.

H. Du et al., "Rational design of deep learning networks based on fusion strategy", figures 2 and 3:
Pearson correlations of learnt feature maps (EFM) are compared between compounds, compounds that
differ by less than a threshold fall into one cluster, and the numbers of clusters at thresholds
from 0.05 to 0.40 are the vector. A global model (LSTM) and a local one (DCNN-K1) are references.

The text states neither what correlates with what nor how clusters form; the authors' code, which
gave the published numbers, does this, and so does `environments`: for each compound, columns of its
feature map are standardised over its elements, and the correlations between rows of elements make a
small matrix. The first remaining compound leads a cluster, which takes in all with as many elements
whose matrices differ by at most the threshold everywhere. (For compounds of three elements the code
compares absolute correlations; here signs always count.) Standardised columns of two elements are
+1 and -1, so all binaries are one cluster, and elements are another.

`compounds` is the alternative reading of the text ("each compound corresponds to a 512-dimensional
EFM"): the mean of the rows of a compound is its vector, and a leader takes in all whose correlation
with it is at least 1 - threshold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matdata.core.crystals import Float, Int, Ragged
from matdata.core.errors import ConfigError

#: Thresholds of the paper (figure 2, step 4).
THRESHOLDS = tuple(round(0.05 * k, 2) for k in range(1, 9))
#: Below it the global reference is near the optimum, above it the local one (figure 3).
TURN = 0.15


def correlations(rows: Float) -> Float:
    """Pearson correlations between rows, (n, d) to (n, n); 0 for constant rows."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(centred, axis=1)
    # the remainder of a constant row is rounding
    flat = norm <= 1e-12 * np.maximum(np.linalg.norm(rows, axis=1), 1e-300)
    unit = np.where(flat[:, None], 0.0, centred / np.where(flat, 1.0, norm)[:, None])
    coefficients: Float = np.clip(unit @ unit.T, -1.0, 1.0)
    return coefficients


def environment(rows: Float) -> Float:
    """Correlations between the elements of one compound, columns standardised first, (n, n)."""
    deviation = rows.std(axis=0)
    flat = deviation <= 1e-12 * np.maximum(np.abs(rows).max(axis=0, initial=0.0), 1e-300)
    standard = (rows - rows.mean(axis=0)) / np.where(flat, 1.0, deviation)
    return correlations(np.where(flat, 0.0, standard))


def leaders(points: Float, threshold: float) -> Int:
    """Cluster of each item: the first remaining item takes in all within the threshold.

    Parameters
    ----------
    points : (n, k)
        Coordinates; the distance of two items is their largest difference.
    threshold
        Largest distance within a cluster, from its leader.

    Returns
    -------
    (n,) int64
        Clusters from 0, in the order of their leaders.
    """
    cluster = np.full(len(points), -1, dtype=np.int64)
    remaining, n_clusters = np.arange(len(points)), 0
    while len(remaining):
        gap = np.abs(points[remaining] - points[remaining[0]]).max(axis=1, initial=0.0)
        near = gap <= threshold
        near[0] = True
        cluster[remaining[near]] = n_clusters
        remaining, n_clusters = remaining[~near], n_clusters + 1
    return cluster


def _rows(maps: Ragged, position: int) -> Float:
    return np.asarray(maps[position], dtype=np.float64)


def environments(maps: Ragged, threshold: float) -> Int:
    """Cluster of each compound, (n,), by its matrix of correlations between elements."""
    cluster = np.full(len(maps), -1, dtype=np.int64)
    sizes, n_clusters = maps.lengths, 0
    for size in np.unique(sizes):
        members = np.flatnonzero(sizes == size)
        upper = np.triu_indices(int(size), 1)
        points = np.array(
            [environment(np.asarray(maps[k], dtype=np.float64))[upper] for k in members.tolist()]
        )
        within_size = leaders(points.reshape(len(members), -1), threshold)
        cluster[members] = n_clusters + within_size
        n_clusters += int(within_size.max(initial=-1)) + 1
    return cluster


def compounds(maps: Ragged, threshold: float) -> Int:
    """Cluster of each compound, (n,), by the correlation of its mean vector with a leader's."""
    vectors = np.array(
        [np.asarray(maps[k], dtype=np.float64).mean(axis=0) for k in range(len(maps))]
    )
    similar = correlations(vectors.reshape(len(maps), -1))
    cluster = np.full(len(maps), -1, dtype=np.int64)
    remaining, n_clusters = np.arange(len(maps)), 0
    while len(remaining):
        near = similar[remaining[0], remaining] >= 1.0 - threshold
        near[0] = True
        cluster[remaining[near]] = n_clusters
        remaining, n_clusters = remaining[~near], n_clusters + 1
    return cluster


METHODS = {"environments": environments, "compounds": compounds}


@dataclass(frozen=True)
class Curve:
    """The vector of one model.

    Attributes
    ----------
    thresholds
        Ascending.
    counts
        Clusters at each of them.
    clusters : (thresholds, compounds) int64
        Cluster of each compound.
    """

    thresholds: tuple[float, ...]
    counts: tuple[int, ...]
    clusters: Int


def cecv(
    maps: Ragged, thresholds: Sequence[float] = THRESHOLDS, method: str = "environments"
) -> Curve:
    """The clustering vector of a model.

    Parameters
    ----------
    maps
        Rows (elements, channels) per compound, elements in one canonical order.
    thresholds
        Tolerances, in (0, 2).
    method
        ``environments`` or ``compounds``; see the module.

    Raises
    ------
    ConfigError
        If there are no compounds, a row is not finite, or a threshold or method is unknown.
    """
    if method not in METHODS:
        raise ConfigError(f"CECV by {method!r}; expected one of {', '.join(METHODS)}")
    if not len(maps) or not thresholds or not all(0 < value < 2 for value in thresholds):
        raise ConfigError(
            f"CECV of {len(maps)} compounds at thresholds {list(thresholds)}",
            next_step="choose at least one compound, and thresholds between 0 and 2",
        )
    if not np.isfinite(maps.values).all():
        raise ConfigError("feature maps hold numbers that are not finite")
    ordered = tuple(sorted({float(value) for value in thresholds}))
    clusters = np.array([METHODS[method](maps, value) for value in ordered])
    counts = tuple(int(row.max()) + 1 for row in clusters)
    return Curve(ordered, counts, clusters)


@dataclass(frozen=True)
class Region:
    """The region between the references, and where in it a model should be (figure 3).

    Attributes
    ----------
    low, high : (thresholds,)
        Fewest and most clusters of the two references.
    target : (thresholds,)
        The global reference below `TURN`, the local one above it; their mean at it.
    """

    low: Float
    high: Float
    target: Float


def target_region(thresholds: Sequence[float], globally: Curve, locally: Curve) -> Region:
    """The target region between a global and a local reference.

    Raises
    ------
    ConfigError
        If the references are not at the same thresholds.
    """
    grid = np.asarray(thresholds, dtype=float)
    if tuple(thresholds) != globally.thresholds or globally.thresholds != locally.thresholds:
        raise ConfigError("the references have other thresholds than the model")
    global_counts, local_counts = np.array(globally.counts, float), np.array(locally.counts, float)
    target = np.where(grid < TURN, global_counts, local_counts)
    target = np.where(np.isclose(grid, TURN), (global_counts + local_counts) / 2, target)
    return Region(
        np.minimum(global_counts, local_counts), np.maximum(global_counts, local_counts), target
    )


def judge(curve: Curve, region: Region) -> Mapping[str, object]:
    """Position of a model, and which part of it should get more weight (figure 2, step 6).

    Returns
    -------
    dict
        ``inside`` by threshold; ``below`` and ``above`` `TURN` the mean of
        ``log(clusters / target)``; ``advice``: ``global`` (too many clusters at small
        thresholds), ``local`` (too few at large ones), both or none.
    """
    grid, counts = np.array(curve.thresholds), np.array(curve.counts, dtype=float)
    inside = (counts >= region.low) & (counts <= region.high)
    log_ratio = np.log(counts / region.target)
    small, large = grid < TURN - 1e-9, grid > TURN + 1e-9
    below = float(log_ratio[small].mean()) if small.any() else 0.0
    above = float(log_ratio[large].mean()) if large.any() else 0.0
    advice = [name for name, true in (("global", below > 0), ("local", above < 0)) if true]
    return {"inside": inside.tolist(), "below": below, "above": above, "advice": advice}
