"""The nearest materials of the training part, by scaled attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from matdata.plugin import ConfigError, Members, Samples, Schema, Settings, nearest_vectors
from matdata_baselines.dense import (
    Array,
    DenseTrainer,
    Scale,
    attributes,
    one_hot,
    training_columns,
)
from matdata_baselines.hypers import NeighbourHypers


class Neighbours(DenseTrainer[NeighbourHypers]):
    """What the nearest materials have, on average (T. Cover and P. Hart 1967).

    Distances are Euclidean, of attributes with standard deviation 1, by the search of
    `matdata nearest`. Without weights each neighbour is a member, nearest first, so that their
    standard deviation is the epistemic part of the uncertainty.
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
        count, uniform = self.hypers.neighbours, self.hypers.weights == "uniform"
        out = np.zeros((count if uniform else 1, len(rows), self._values.shape[1]))
        if not len(rows):
            return Members(out)
        masks, owners = np.unique(self._known, axis=1, return_inverse=True)
        for number, mask in enumerate(masks.T):  # one search for all targets of the same materials
            columns = np.flatnonzero(owners.ravel() == number)
            having = np.flatnonzero(mask)
            places, distances = nearest_vectors(rows, self._rows[having], count, "euclidean")
            shares = _shares(distances)
            for neighbour, place in enumerate(places.T):
                values = self._values[np.ix_(having[place], columns)]
                if uniform:
                    out[neighbour][:, columns] = values
                else:
                    out[0][:, columns] += shares[:, neighbour, None] * values
        return Members(out)

    def state(self) -> Mapping[str, Array]:
        """The training part."""
        own = {"rows": self._rows, "values": self._values, "known": self._known}
        return own | self._scale.state()

    def load_state(self, state: Mapping[str, Array], schema: Schema) -> None:
        """Take it over."""
        self._scale = Scale.from_state(state)
        self._rows, self._values = np.asarray(state["rows"]), np.asarray(state["values"])
        self._known = np.asarray(state["known"])


def _shares(distances: Array) -> Array:
    """Shares by inverse distance, (n, k) both; neighbours at no distance have all of it."""
    there = distances == 0.0
    inverse = np.where(there, 1.0, 1.0 / np.where(there, 1.0, distances))
    inverse = np.where(there.any(1, keepdims=True), there, inverse)
    shares: Array = inverse / inverse.sum(1, keepdims=True)
    return shares
