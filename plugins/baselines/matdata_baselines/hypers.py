"""What a user can set of the baselines."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import Settings, setting


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
