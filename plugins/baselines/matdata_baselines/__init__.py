"""Baselines: forests, boosted trees, linear models, neighbours, and the mean or median."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from matdata.plugin import (
    ConfigError,
    FitTrainer,
    Members,
    Samples,
    Schema,
    Settings,
    Task,
)
from matdata_baselines.boosted import Boosted
from matdata_baselines.dense import columns, one_hot
from matdata_baselines.hypers import DummyHypers, MagpieHypers, VoronoiHypers
from matdata_baselines.linear import Linear
from matdata_baselines.neighbours import Neighbours

__all__ = ["Boosted", "Dummy", "Linear", "MagpieForest", "Neighbours", "VoronoiForest"]

State = Mapping[str, np.ndarray[Any, Any]]


class Dummy(FitTrainer[DummyHypers]):
    """The mean or the median of the training targets, whatever the material."""

    name: ClassVar[str] = "dummy"
    version: ClassVar[str] = "2"
    citation: ClassVar[str] = "none: it follows from the definition"
    summary: ClassVar[str] = "mean or median of the training targets; what a model must beat"
    Hypers: ClassVar[type[Settings]] = DummyHypers
    tasks: ClassVar[tuple[Task, ...]] = ("regression", "classification")
    mixes_tasks: ClassVar[bool] = True

    def inputs(self) -> tuple[str, ...]:
        """None."""
        return ()

    def fit(self, train: Samples, valid: Samples | None, schema: Schema, seed: int) -> None:
        """Take the mean or median of what is known of each column."""
        median = self.hypers.statistic == "median"
        self._value = np.array(
            [
                np.median(values) if median and not column.classes else np.mean(values)
                for column in columns(train, schema)
                for values in one_hot(column).T
            ]
        )

    def predict(self, samples: Samples) -> Members:
        """The same row for each material."""
        return Members(np.tile(self._value, (1, len(samples), 1)))

    def state(self) -> State:
        """A number per column."""
        return {"value": self._value}

    def load_state(self, state: State, schema: Schema) -> None:
        """Take it over."""
        self._value = np.asarray(state["value"])


class _Forest(FitTrainer[MagpieHypers]):
    """A random forest of scikit-learn, kept as the arrays of its trees."""

    version: ClassVar[str] = "2"
    tasks: ClassVar[tuple[Task, ...]] = ("regression", "classification")
    feature: ClassVar[str]

    def inputs(self) -> tuple[str, ...]:
        """The attributes."""
        return (self.feature,)

    def fit(self, train: Samples, valid: Samples | None, schema: Schema, seed: int) -> None:
        """Grow the trees; `valid` is not used.

        Raises
        ------
        ConfigError
            If a material lacks a target.
        """
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        from matdata_baselines.model import arrays_of, on_a_grid

        whole = train.mask.all(axis=1)
        if not whole.all():
            raise ConfigError(
                f"{self.name} needs all targets of a material; {(~whole).sum()} lack one",
                next_step="train one target at a time, or leave such materials out",
            )
        chosen = self.hypers
        features = chosen.max_features if chosen.max_features <= 1 else int(chosen.max_features)
        classify = all(target.task == "classification" for target in schema.targets)
        kind = RandomForestClassifier if classify else RandomForestRegressor
        forest = kind(
            chosen.trees,
            max_features=features,
            min_samples_leaf=chosen.min_samples_leaf,
            random_state=seed,
            n_jobs=chosen.jobs,
        )
        targets = train.targets if classify else on_a_grid(train.targets)
        targets = targets[:, 0] if targets.shape[1] == 1 else targets
        classes = [target.size for target in schema.targets] if classify else []
        self._trees = arrays_of(forest.fit(train.inputs[self.feature], targets), classes)

    def predict(self, samples: Samples) -> Members:
        """Each tree is a member: their standard deviation is the epistemic part of the uncertainty.

        Of classes a tree gives the shares in its leaf.
        """
        from matdata_baselines.model import predict

        return Members(predict(self._trees, np.asarray(samples.inputs[self.feature])))

    def state(self) -> State:
        """Nodes of all trees."""
        return self._trees

    def load_state(self, state: State, schema: Schema) -> None:
        """Take them over."""
        self._trees = {name: np.asarray(values) for name, values in state.items()}


class MagpieForest(_Forest):
    """Random forest on Magpie's composition features (thesis, app. A.1.1)."""

    name: ClassVar[str] = "rf-magpie"
    citation: ClassVar[str] = "Ward et al., npj Comput. Mater. 2, 16028 (2016)"
    summary: ClassVar[str] = "random forest on the Magpie features of the formula"
    Hypers: ClassVar[type[Settings]] = MagpieHypers
    feature: ClassVar[str] = "magpie"


class VoronoiForest(_Forest):
    """Random forest on the Voronoi attributes of the structure (thesis, app. A.3.1)."""

    name: ClassVar[str] = "rf-voronoi"
    citation: ClassVar[str] = "Ward et al., Phys. Rev. B 96, 024104 (2017)"
    summary: ClassVar[str] = "random forest on the Voronoi attributes of the structure"
    Hypers: ClassVar[type[Settings]] = VoronoiHypers
    feature: ClassVar[str] = "voronoi"
