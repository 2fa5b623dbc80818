"""Candidates by how likely they are stable: probabilities, choice and order.

A material is stable at a distance to the hull of at most 0 eV/atom, as in Matbench Discovery
(Riebesell et al., Nat. Mach. Intell. 7, 836 (2025)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Criterion: TypeAlias = Literal["mean", "mean+std", "probability"]
CRITERIA: tuple[Criterion, ...] = ("mean", "mean+std", "probability")
#: Candidates of at least this probability are predicted to be stable.
LIKELY = 0.5


def criterion_of(name: str) -> Criterion:
    """The criterion of a name.

    Raises
    ------
    ConfigError
        If there is none.
    """
    for criterion in CRITERIA:
        if name == criterion:
            return criterion
    raise ConfigError(f"unknown criterion {name!r}", next_step=f"choose from {', '.join(CRITERIA)}")


def probability_of_stability(mean: Float, std: Float) -> Float:
    """Probability that a distance to the hull is at most zero, of normal distributions.

    Parameters
    ----------
    mean, std : (n,)
        Of the distances, eV/atom.

    Returns
    -------
    (n,)
        ``Phi(-mean/std)``; a step where the standard deviation is zero, NaN where one is NaN.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = mean / (std * math.sqrt(2.0))
    exact = np.where(mean <= 0, -np.inf, np.inf)
    scaled = np.where(std == 0, exact, scaled)
    chances = np.array([math.erfc(one) / 2.0 for one in scaled.tolist()], dtype=np.float64)
    return np.where(np.isnan(mean) | np.isnan(std), np.nan, chances)


@dataclass(frozen=True, eq=False)
class Ranking:
    """Candidates in the order of a criterion.

    Attributes
    ----------
    ids : (n,) str
        Candidates.
    mean, std : (n,)
        Predicted distances to the hull and their standard deviations, eV/atom; NaN where unknown.
    probability : (n,)
        P(stable); NaN where a standard deviation is not known.
    selected : (n,) bool
        Predicted to be stable: ``mean <= 0``, ``mean + std <= 0``, or a probability of at least
        one half. Never what has no prediction.
    order : (k,) int64
        Places of the candidates with a prediction, best first.
    criterion
        What they are ordered by.
    """

    ids: npt.NDArray[np.str_]
    mean: Float
    std: Float
    probability: Float
    selected: Bool
    order: Int
    criterion: Criterion

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def ranks(self) -> Int:
        """Place of each candidate in the order, from 1; 0 where there is no prediction, (n,)."""
        ranks = np.zeros(len(self), dtype=np.int64)
        ranks[self.order] = np.arange(1, len(self.order) + 1)
        return ranks


def rank(
    ids: npt.NDArray[np.str_], mean: Float, std: Float | None, criterion: Criterion = "mean"
) -> Ranking:
    """Order candidates; equal ones by their mean, then by id, whatever order they are given in.

    Parameters
    ----------
    ids : (n,)
        Candidates.
    mean, std : (n,)
        Predicted distances to the hull, eV/atom; NaN for those that the reference does not reach.
    criterion
        ``mean``, ``mean+std`` (Goodall 2022, 6.5: only what is stable by one standard deviation),
        or ``probability``.

    Raises
    ------
    ConfigError
        If the criterion is unknown, or needs a standard deviation where there is none.
    """
    criterion = criterion_of(criterion)
    deviations = np.full(len(mean), np.nan) if std is None else std
    if criterion != "mean" and np.isfinite(mean).any() and not np.isfinite(deviations).any():
        raise ConfigError(
            f"the criterion {criterion!r} needs standard deviations, and the run predicts none",
            cause="one member, and a loss that learns no noise",
            next_step="--criterion mean, or train an ensemble (--ensemble 10)",
        )
    chances = probability_of_stability(mean, deviations)
    by = {"mean": mean, "mean+std": mean + deviations, "probability": -chances}[criterion]
    limit = -LIKELY if criterion == "probability" else 0.0
    order = np.lexsort((ids, mean, by))
    return Ranking(
        ids, mean, deviations, chances, by <= limit, order[np.isfinite(by[order])], criterion
    )
