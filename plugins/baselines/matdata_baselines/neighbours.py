"""The nearest materials of the training part, by scaled attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from matdata.plugin import ConfigError, Members, Samples, Schema, Settings
from matdata_baselines.dense import (
    Array,
    DenseTrainer,
    Scale,
    attributes,
    one_hot,
    training_columns,
)
from matdata_baselines.hypers import NeighbourHypers

#: Distances that are held at once.
DISTANCES = 1 << 24


class Neighbours(DenseTrainer[NeighbourHypers]):
    """What the nearest materials have, on average (T. Cover and P. Hart 1967).

    Distances are Euclidean, of attributes with standard deviation 1. Of equal ones the material
    that came first in the training part is nearer. Without weights each neighbour is a member, so
    that their standard deviation is the epistemic part of the uncertainty.
    """

    name: ClassVar[str] = "knn"
    citation: ClassVar[str] = "Cover and Hart, IEEE Trans. Inf. Theory 13, 21 (1967)"
    summary: ClassVar[str] = "mean of the nearest training materials by dense features"
    Hypers: ClassVar[type[Settings]] = NeighbourHypers

    def fit(self, train: Samples, valid: Samples | None, schema: Schema, seed: int) -> None:
        """Keep the training part; `valid` and `seed` are not used.

        Raises
        ------
        ConfigError
            If fewer materials than neighbours have a target.
        """
        rows = attributes(train, self.hypers.features)
        self._scale = Scale.of(rows)
        self._rows = self._scale(rows)
        values, known = [], []
        for column in training_columns(train, schema):
            count = int(column.rows.sum())
            if count < self.hypers.neighbours:
                raise ConfigError(
                    f"{self.hypers.neighbours} neighbours are more than the {count} materials of "
                    "the training part that have a target",
                    next_step="lower hyper.neighbours",
                )
            targets = one_hot(column)
            whole = np.zeros((len(rows), targets.shape[1]))
            whole[column.rows] = targets
            values.append(whole)
            known.append(np.repeat(column.rows[:, None], targets.shape[1], axis=1))
        self._values, self._known = np.concatenate(values, 1), np.concatenate(known, 1)

    def predict(self, samples: Samples) -> Members:
        """Each neighbour as a member, or their weighted mean."""
        rows = self._scale(attributes(samples, self.hypers.features))
        many = max(1, DISTANCES // max(len(self._rows), 1))
        parts = [self._chunk(rows[start : start + many]) for start in range(0, len(rows), many)]
        empty = np.zeros((self._members, 0, self._values.shape[1]))
        return Members(np.concatenate([empty, *parts], axis=1))

    @property
    def _members(self) -> int:
        return self.hypers.neighbours if self.hypers.weights == "uniform" else 1

    def _chunk(self, rows: Array) -> Array:
        """(m, n, t) of rows (n, d)."""
        squares = (self._rows**2).sum(1) - 2.0 * rows @ self._rows.T + (rows**2).sum(1)[:, None]
        out = np.empty((self._members, len(rows), self._values.shape[1]))
        for column in range(self._values.shape[1]):
            known = np.flatnonzero(self._known[:, column])
            order = np.argsort(squares[:, known], axis=1, kind="stable")
            nearest = known[order[:, : self.hypers.neighbours]]
            values = self._values[nearest, column]
            if self.hypers.weights == "uniform":
                out[:, :, column] = values.T
            else:
                out[0, :, column] = (_weights(rows, self._rows[nearest]) * values).sum(1)
        return out

    def state(self) -> Mapping[str, Array]:
        """The training part."""
        own = {"rows": self._rows, "values": self._values, "known": self._known}
        return own | self._scale.state()

    def load_state(self, state: Mapping[str, Array], schema: Schema) -> None:
        """Take it over."""
        self._scale = Scale.from_state(state)
        self._rows, self._values = np.asarray(state["rows"]), np.asarray(state["values"])
        self._known = np.asarray(state["known"])


def _weights(rows: Array, nearest: Array) -> Array:
    """Shares (n, k) by inverse distance to (n, k, d); those at no distance have all of it."""
    distances = np.sqrt(((rows[:, None] - nearest) ** 2).sum(-1))
    there = distances == 0.0
    inverse = np.where(there, 1.0, 1.0 / np.where(there, 1.0, distances))
    inverse = np.where(there.any(1, keepdims=True), there, inverse)
    shares: Array = inverse / inverse.sum(1, keepdims=True)
    return shares
