"""What a user can set of the baselines."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import Settings, setting

METHODS = ("ridge", "huber", "ordinary")


@dataclass(frozen=True)
class DummyHypers(Settings):
    """Which statistic."""

    statistic: str = setting(
        "mean", "mean or median; classes have their shares", choices=("mean", "median")
    )


@dataclass(frozen=True)
class MagpieHypers(Settings):
    """The forest of the thesis, app. A.1.1."""

    trees: int = setting(200, "trees", minimum=1)
    max_features: float = setting(
        0.25, "features tried at a split: a share up to 1, above it a number", minimum=0.001
    )
    min_samples_leaf: int = setting(1, "fewest materials of a leaf", minimum=1)
    jobs: int = setting(-1, "threads; -1 for all cores", view=True)


@dataclass(frozen=True)
class VoronoiHypers(MagpieHypers):
    """The forest of the thesis, app. A.3.1: 150 trees, else scikit-learn's defaults."""

    trees: int = setting(150, "trees", minimum=1)
    max_features: float = setting(
        1.0, "features tried at a split: a share up to 1, above it a number", minimum=0.001
    )


@dataclass(frozen=True)
class DenseHypers(Settings):
    """Which attributes a model of one row per material reads."""

    features: tuple[str, ...] = setting(
        ("magpie",), "dense features, columns of the table too (column:temperature)"
    )


@dataclass(frozen=True)
class LinearHypers(DenseHypers):
    """How coefficients are found."""

    method: str = setting(
        "ridge", "ridge, huber (robust against outliers) or ordinary", choices=METHODS
    )
    alpha: float = setting(1.0, "weight of the squared coefficients", minimum=0.0)
    clip: bool = setting(
        True, "take attributes no further than the training part has them, lest one far out decides"
    )
    epsilon: float = setting(
        1.35, "standard deviations of the residuals within which huber squares them", minimum=1.0
    )


@dataclass(frozen=True)
class NeighbourHypers(DenseHypers):
    """Which neighbours, and what they count."""

    neighbours: int = setting(5, "nearest materials of the training part", minimum=1)
    weights: str = setting(
        "uniform", "uniform, or distance: the inverse of it", choices=("uniform", "distance")
    )


@dataclass(frozen=True)
class BoostedHypers(DenseHypers):
    """Sizes of the trees; those of the paper by T. Chen and C. Guestrin (2016) have other names."""

    rounds: int = setting(400, "rounds at most; a validation part chooses how many", minimum=1)
    learning_rate: float = setting(0.06, "share of a tree that is added", minimum=1e-6, maximum=1.0)
    leaves: int = setting(31, "leaves of a tree at most", minimum=2)
    min_samples_leaf: int = setting(20, "fewest materials of a leaf", minimum=1)
    l2: float = setting(0.0, "weight of the squared values of leaves", minimum=0.0)
    loss: str = setting(
        "squared", "squared or absolute; of classes the log loss", choices=("squared", "absolute")
    )
