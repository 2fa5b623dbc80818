"""Boosted decision trees on dense features, kept as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from matdata.plugin import Members, Samples, Schema, Settings
from matdata_baselines.dense import (
    Array,
    Column,
    DenseTrainer,
    attributes,
    columns,
    softmax,
    training_columns,
)
from matdata_baselines.hypers import BoostedHypers
from matdata_baselines.model import leaves_of

#: Trees of one target: ``left``, ``right``, ``feature``, ``threshold``, ``value`` of all nodes,
#: ``root`` and ``output`` of each tree, and what the outputs are ``before`` the first round.
Trees = Mapping[str, Array]
LOSSES = {"squared": "squared_error", "absolute": "absolute_error"}


class Boosted(DenseTrainer[BoostedHypers]):
    """Gradient boosting on histograms of the attributes, by scikit-learn.

    All rounds are taken; where there is a validation part, those after the one with its lowest
    error are left out again.
    """

    name: ClassVar[str] = "boosted"
    citation: ClassVar[str] = "Friedman, Ann. Stat. 29, 1189 (2001); Ke et al., NeurIPS 30 (2017)"
    summary: ClassVar[str] = "gradient-boosted trees on dense features"
    Hypers: ClassVar[type[Settings]] = BoostedHypers

    def fit(self, train: Samples, valid: Samples | None, schema: Schema, seed: int) -> None:
        """Grow the trees of each target; `valid` chooses how many rounds are kept."""
        rows = attributes(train, self.hypers.features)
        self._trees = [
            self._grown(rows[column.rows], column, seed)
            for column in training_columns(train, schema)
        ]
        if valid is None:
            return
        later = attributes(valid, self.hypers.features)
        for number, column in enumerate(columns(valid, schema)):
            if column.rows.any():
                held_out, loss = later[column.rows], self.hypers.loss
                self._trees[number] = _cut(self._trees[number], held_out, column, loss)

    def _grown(self, rows: Array, column: Column, seed: int) -> Trees:
        from sklearn.ensemble import (
            HistGradientBoostingClassifier,
            HistGradientBoostingRegressor,
        )

        chosen = self.hypers
        sizes: dict[str, Any] = {
            "max_iter": chosen.rounds,
            "learning_rate": chosen.learning_rate,
            "max_leaf_nodes": chosen.leaves,
            "min_samples_leaf": chosen.min_samples_leaf,
            "l2_regularization": chosen.l2,
            "early_stopping": False,
            "random_state": seed,
        }
        if not column.classes:
            model = HistGradientBoostingRegressor(loss=LOSSES[chosen.loss], **sizes)
            return _arrays(model.fit(rows, column.values), [0], 1)
        labels = np.unique(column.values).astype(np.int64)
        if len(labels) == 1:
            return _certain(int(labels[0]), column.classes)
        model = HistGradientBoostingClassifier(**sizes).fit(rows, column.values)
        outputs = labels[1:] if len(labels) == 2 else labels  # of two the first has no trees
        return _arrays(model, outputs, column.classes, labels)

    def predict(self, samples: Samples) -> Members:
        """Numbers, or probabilities of the classes; one member."""
        rows = attributes(samples, self.hypers.features)
        parts = []
        for trees in self._trees:
            scores = np.tile(trees["before"], (len(rows), 1))
            for output, added in _added(trees, rows):
                scores[:, output] += added
            parts.append(softmax(scores) if scores.shape[1] > 1 else scores)
        return Members(np.concatenate(parts, axis=1)[None])

    def state(self) -> Mapping[str, Array]:
        """The trees of all targets, ``<number>.<name>``."""
        return {
            f"{number}.{name}": values
            for number, trees in enumerate(self._trees)
            for name, values in trees.items()
        }

    def load_state(self, state: Mapping[str, Array], schema: Schema) -> None:
        """Take them over."""
        trees: dict[int, dict[str, Array]] = {}
        for key, values in state.items():
            number, _, name = key.partition(".")
            trees.setdefault(int(number), {})[name] = np.asarray(values)
        self._trees = [trees[number] for number in range(len(trees))]


def _arrays(model: Any, outputs: Any, width: int, labels: Any = (0,)) -> Trees:
    """The trees of a fitted model of scikit-learn; outputs without any are never chosen."""
    rounds = [one.nodes for trees in model._predictors for one in trees]
    nodes = np.concatenate(rounds)
    leaf = nodes["is_leaf"].astype(bool)
    before = np.full(width, -np.inf)
    before[np.asarray(labels)] = 0.0
    before[np.asarray(outputs)] = np.ravel(model._baseline_prediction)
    return {
        "left": np.where(leaf, -1, nodes["left"].astype(np.int64)).astype(np.int32),
        "right": np.where(leaf, -1, nodes["right"].astype(np.int64)).astype(np.int32),
        "feature": np.where(leaf, 0, nodes["feature_idx"]).astype(np.int32),
        "threshold": nodes["num_threshold"].astype(np.float64),
        "value": nodes["value"].astype(np.float64),
        "root": np.cumsum([0, *(len(one) for one in rounds[:-1])]).astype(np.int64),
        "output": np.tile(np.asarray(outputs, dtype=np.int64), len(model._predictors)),
        "before": before,
    }


def _certain(label: int, width: int) -> Trees:
    """No trees, where the training part has one class alone."""
    empty = np.zeros(0, dtype=np.int64)
    names = ("left", "right", "feature", "threshold", "value", "root", "output")
    before = np.full(width, -np.inf)
    before[label] = 0.0
    return {**dict.fromkeys(names, empty), "before": before}


def _added(trees: Trees, rows: Array) -> Iterator[tuple[int, Array]]:
    """What each tree adds to which output, tree by tree: (n,)."""
    outputs = trees["output"].tolist()
    for output, leaves in zip(outputs, leaves_of(trees, rows), strict=True):
        yield output, trees["value"][leaves]


def _cut(trees: Trees, rows: Array, column: Column, loss: str) -> Trees:
    """The trees up to the round after which the error of a validation part is lowest."""
    scores = np.tile(trees["before"], (len(rows), 1))
    each = len(set(trees["output"].tolist())) or 1
    errors = []
    for number, (output, added) in enumerate(_added(trees, rows)):
        scores[:, output] += added
        if (number + 1) % each == 0:
            errors.append(_error(scores, column, loss))
    if not errors:
        return trees
    kept = each * (int(np.argmin(errors)) + 1)
    nodes = trees["root"][kept] if kept < len(trees["root"]) else len(trees["left"])
    of_nodes = ("left", "right", "feature", "threshold", "value")
    cut = {name: trees[name][:nodes] for name in of_nodes}
    return {**trees, **cut, "root": trees["root"][:kept], "output": trees["output"][:kept]}


def _error(scores: Array, column: Column, loss: str) -> float:
    if column.classes:
        chances = softmax(scores)[np.arange(len(scores)), column.values.astype(np.int64)]
        return float(-np.log(np.maximum(chances, 1e-300)).mean())
    off = scores[:, 0] - column.values
    return float(np.abs(off).mean() if loss == "absolute" else (off**2).mean())
