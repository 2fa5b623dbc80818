"""Linear models of dense features: ridge, Huber's robust one, ordinary; logistic for classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from matdata.plugin import Members, Samples, Schema, Settings, TrainError
from matdata_baselines.dense import (
    Array,
    Column,
    DenseTrainer,
    Scale,
    attributes,
    softmax,
    training_columns,
)
from matdata_baselines.hypers import LinearHypers

#: Steps of the optimizers of scikit-learn.
STEPS = 1000


class Linear(DenseTrainer[LinearHypers]):
    """A linear function of scaled attributes for each target.

    Ridge minimises the squared residuals plus `alpha` times the squared coefficients (A. E. Hoerl
    and R. W. Kennard 1970); Huber's loss is squared within `epsilon` standard deviations and
    linear beyond, so that outliers weigh less (P. J. Huber 1981, ch. 7.7). Classes are learnt by
    multinomial logistic regression with the same penalty.
    """

    name: ClassVar[str] = "linear"
    citation: ClassVar[str] = "Hoerl and Kennard, Technometrics 12, 55 (1970); Huber (1981)"
    summary: ClassVar[str] = "ridge, Huber's or ordinary regression on dense features"
    Hypers: ClassVar[type[Settings]] = LinearHypers

    def fit(self, train: Samples, valid: Samples | None, schema: Schema, seed: int) -> None:
        """Find the coefficients; `valid` and `seed` are not used.

        Raises
        ------
        TrainError
            If the optimizer of Huber's loss fails.
        """
        rows = attributes(train, self.hypers.features)
        self._scale = Scale.of(rows)
        scaled = self._scale(rows)
        self._ends = np.stack([scaled.min(axis=0), scaled.max(axis=0)])
        of_all = training_columns(train, schema)
        parts = [self._coefficients(scaled[column.rows], column) for column in of_all]
        self._weights = np.concatenate([weights for weights, _ in parts])
        self._offsets = np.concatenate([offsets for _, offsets in parts])
        self._classes = np.array([column.classes for column in of_all])

    def _coefficients(self, rows: Array, column: Column) -> tuple[Array, Array]:
        """Weights (k, d) and offsets (k,): k is 1 for numbers, and the classes else."""
        from sklearn.linear_model import HuberRegressor, LinearRegression, LogisticRegression, Ridge

        chosen = self.hypers
        if column.classes:
            penalty = 1.0 / chosen.alpha if chosen.alpha else np.inf
            return _logistic(LogisticRegression(C=penalty, max_iter=STEPS), rows, column)
        model: Any
        if chosen.method == "huber":
            model = HuberRegressor(epsilon=chosen.epsilon, alpha=chosen.alpha, max_iter=STEPS)
        elif chosen.method == "ridge":
            model = Ridge(chosen.alpha)
        else:
            model = LinearRegression()
        try:
            model.fit(rows, column.values)
        except ValueError as error:  # of HuberRegressor, where L-BFGS-B gives up
            raise TrainError(
                f"no coefficients were found by {chosen.method}",
                cause=str(error),
                next_step="--set hyper.method=ridge, or a larger hyper.epsilon or hyper.alpha",
            ) from error
        return np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)

    def predict(self, samples: Samples) -> Members:
        """Numbers, or probabilities of the classes; one member."""
        rows = self._scale(attributes(samples, self.hypers.features))
        if self.hypers.clip:
            rows = np.clip(rows, *self._ends)
        values = rows @ self._weights.T + self._offsets
        parts, place = [], 0
        for classes in self._classes.tolist():
            part = values[:, place : place + max(classes, 1)]
            parts.append(softmax(part) if classes else part)
            place += max(classes, 1)
        return Members(np.concatenate(parts, axis=1)[None])

    def state(self) -> Mapping[str, Array]:
        """Coefficients and scales."""
        own = {"weights": self._weights, "offsets": self._offsets, "classes": self._classes}
        return own | {"ends": self._ends} | self._scale.state()

    def load_state(self, state: Mapping[str, Array], schema: Schema) -> None:
        """Take them over."""
        self._scale = Scale.from_state(state)
        self._weights, self._offsets = np.asarray(state["weights"]), np.asarray(state["offsets"])
        self._classes, self._ends = np.asarray(state["classes"]), np.asarray(state["ends"])


def _logistic(model: Any, rows: Array, column: Column) -> tuple[Array, Array]:
    """Scores of all classes; those that the training part lacks have none."""
    weights = np.zeros((column.classes, rows.shape[1]))
    offsets = np.full(column.classes, -np.inf)
    labels = np.unique(column.values).astype(np.int64)
    if len(labels) == 1:
        offsets[labels] = 0.0
        return weights, offsets
    model.fit(rows, column.values)
    if len(labels) == 2:  # scikit-learn keeps the scores of the second alone
        weights[labels[1]], offsets[labels] = model.coef_[0], [0.0, model.intercept_[0]]
    else:
        weights[labels], offsets[labels] = model.coef_, model.intercept_
    return weights, offsets
