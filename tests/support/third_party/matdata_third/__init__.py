"""A trainer with a fit of its own: ridge regression on fractions, bootstrapped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from matdata.plugin import FitTrainer, Members, Settings, setting


@dataclass(frozen=True)
class Hypers(Settings):
    """What can be set."""

    ridge: float = setting(0.1, "strength of the penalty", minimum=0.0)
    draws: int = setting(5, "bootstrap samples, each a member", minimum=1)


class MeanByElement(FitTrainer):
    """Ridge regression on the atomic fractions."""

    name: ClassVar[str] = "third-mean"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "none"
    summary: ClassVar[str] = "ridge regression on fractions"
    Hypers: ClassVar[type[Settings]] = Hypers

    def inputs(self) -> tuple[str, ...]:
        return ("fractions",)

    def fit(self, train: Any, valid: Any, schema: Any, seed: int) -> None:
        x, y = np.asarray(train.inputs["fractions"], float), train.targets
        self.centre = y.mean(0)
        generator = np.random.default_rng(seed)
        found = []
        for _ in range(self.hypers.draws):
            rows = generator.integers(0, len(x), len(x))
            square = x[rows].T @ x[rows] + self.hypers.ridge * np.eye(x.shape[1])
            found.append(np.linalg.solve(square, x[rows].T @ (y[rows] - self.centre)))
        self.slopes = np.array(found)

    def predict(self, samples: Any) -> Members:
        x = np.asarray(samples.inputs["fractions"], float)
        return Members(np.einsum("nd,mdt->mnt", x, self.slopes) + self.centre)

    def state(self) -> Mapping[str, Any]:
        return {"slopes": self.slopes, "centre": self.centre}

    def load_state(self, state: Mapping[str, Any], schema: Any) -> None:
        self.slopes, self.centre = state["slopes"], state["centre"]
