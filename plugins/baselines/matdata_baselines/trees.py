"""Regression trees as arrays: what a random forest learnt, without objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def arrays_of(forest: Any) -> dict[str, Array]:
    """The nodes of all trees of a fitted scikit-learn forest, one tree after another.

    Returns
    -------
    dict
        ``left``, ``right``, ``feature`` (n,) int32, children counted from the root of the tree,
        ``left`` -1 in a leaf; ``threshold`` (n,) float64; ``value`` (n, t) float64; ``root`` (m,)
        int64, where trees begin.
    """
    trees = [estimator.tree_ for estimator in forest.estimators_]
    counts = [tree.node_count for tree in trees]

    def joined(parts: list[Any], dtype: Any) -> Array:
        return np.concatenate(parts).astype(dtype)

    return {
        "left": joined([tree.children_left for tree in trees], np.int32),
        "right": joined([tree.children_right for tree in trees], np.int32),
        "feature": joined([tree.feature for tree in trees], np.int32),
        "threshold": joined([tree.threshold for tree in trees], np.float64),
        "value": joined([tree.value[:, :, 0] for tree in trees], np.float64),
        "root": np.cumsum([0, *counts[:-1]]).astype(np.int64),
    }


def predict(trees: Mapping[str, Array], attributes: Array) -> Array:
    """What each tree says, (m, n, t).

    Parameters
    ----------
    trees
        As of `arrays_of`.
    attributes : (n, d)
        Read as float32, as scikit-learn does.
    """
    rows = np.ascontiguousarray(attributes, dtype=np.float32)
    every = np.arange(len(rows))
    out = np.empty((len(trees["root"]), len(rows), trees["value"].shape[1]))
    for number, root in enumerate(trees["root"].tolist()):
        node = np.full(len(rows), root)
        going = every
        while len(going):
            here = node[going]
            inner = trees["left"][here] >= 0
            going, here = going[inner], here[inner]
            low = rows[going, trees["feature"][here]] <= trees["threshold"][here]
            node[going] = root + np.where(low, trees["left"][here], trees["right"][here])
        out[number] = trees["value"][node]
    return out
