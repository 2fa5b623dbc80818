"""Decision trees as arrays: what a random forest learnt, without objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


#: Steps of targets to one standard deviation: finer than what float32 distinguishes.
STEPS = 2.0**26


def on_a_grid(targets: Array) -> Array:
    """Normalised targets rounded to a grid, on which sums are exact in any order.

    Attributes often cut the materials of a node into the same two sets. Which of them a tree takes
    is then up to the rounding of sums, and with it the whole forest, unless these are exact.
    """
    return np.asarray(np.round(targets * STEPS) / STEPS)


def arrays_of(forest: Any, classes: Sequence[int] = ()) -> dict[str, Array]:
    """The nodes of all trees of a fitted scikit-learn forest, one tree after another.

    Parameters
    ----------
    forest
        A forest for regression, or one for classification.
    classes
        Classes of each target of a classification. Those that the training part lacks have the
        probability 0.

    Returns
    -------
    dict
        ``left``, ``right``, ``feature`` (n,) int32, children counted from the root of the tree,
        ``left`` -1 in a leaf; ``threshold`` (n,) float64; ``value`` (n, t) float64, numbers of the
        targets or probabilities of the classes; ``root`` (m,) int64, where trees begin.
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
        "value": joined([_values(tree, forest, classes) for tree in trees], np.float64),
        "root": np.cumsum([0, *counts[:-1]]).astype(np.int64),
    }


def _values(tree: Any, forest: Any, classes: Sequence[int]) -> Array:
    """What the nodes of a tree predict of each column, (n, t)."""
    if not classes:
        return np.asarray(tree.value[:, :, 0])
    learnt = [forest.classes_] if len(classes) == 1 else forest.classes_
    out = np.zeros((tree.node_count, sum(classes)))
    begins = np.cumsum([0, *classes[:-1]])
    for target, (begin, labels) in enumerate(zip(begins, learnt, strict=True)):
        weights = tree.value[:, target, : len(labels)]
        shares = weights / weights.sum(axis=1, keepdims=True)
        out[:, begin + np.asarray(labels, dtype=np.int64)] = shares
    return out


def predict(trees: Mapping[str, Array], attributes: Array) -> Array:
    """What each tree predicts, (m, n, t).

    Parameters
    ----------
    trees
        As of `arrays_of`.
    attributes : (n, d)
        Read as float32, as scikit-learn does.
    """
    rows = np.ascontiguousarray(attributes, dtype=np.float32)
    return np.stack([trees["value"][leaves] for leaves in leaves_of(trees, rows)])


def leaves_of(trees: Mapping[str, Array], rows: Array) -> Iterator[Array]:
    """The leaf of each row (n, d) in one tree after another, (n,) among the nodes of all trees."""
    every = np.arange(len(rows))
    for root in trees["root"].tolist():
        node = np.full(len(rows), root)
        going = every
        while len(going):
            here = node[going]
            inner = trees["left"][here] >= 0
            going, here = going[inner], here[inner]
            low = rows[going, trees["feature"][here]] <= trees["threshold"][here]
            node[going] = root + np.where(low, trees["left"][here], trees["right"][here])
        yield node
