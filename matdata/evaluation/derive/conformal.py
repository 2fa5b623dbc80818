"""Split-conformal intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from matdata.core.errors import ConfigError
from matdata.core.settings import Settings, setting
from matdata.evaluation.derive.base import Derivation, Distributions, Float, Rows, numbers_among
from matdata.training.outputs import Distribution
from matdata.training.target import Target


@dataclass(frozen=True)
class ConformalOptions(Settings):
    """Options of `Conformal`."""

    alpha: float = setting(
        0.1, "share of true values outside of the interval", minimum=1e-6, maximum=1.0 - 1e-6
    )
    target: str = setting("", "target; all of numbers if not given")
    scaled: bool = setting(
        True, "intervals in units of the predicted standard deviation, where there is one"
    )


class Conformal(Derivation[ConformalOptions]):
    """``mean ± q s``: q is a quantile of ``|y - mean| / s`` over the validation part.

    With n known values q is the ``ceil((n + 1) (1 - alpha))``-th smallest ratio, so that a new
    value drawn like those of validation lies within with a probability of at least 1 - alpha
    (Vovk, Gammerman and Shafer 2005; Lei et al., J. Am. Stat. Assoc. 113, 1094, 2018, theorem 2.2).
    s is the total standard deviation, or 1. Each point of an array has a quantile of its own.
    Validation also chose the epoch of the run, so the interval is a little too narrow where it is
    small.
    """

    name: ClassVar[str] = "conformal"
    version: ClassVar[str] = "1"
    summary: ClassVar[str] = "intervals that hold a share of the true values"
    level: ClassVar[Literal["member", "ensemble"]] = "ensemble"
    fits: ClassVar[bool] = True
    Options: ClassVar[type[Settings]] = ConformalOptions

    def produces(self, targets: Sequence[Target]) -> Sequence[Target]:
        """No target, intervals of those that there are."""
        chosen = numbers_among(targets, self.options.target, self.name)
        self._names = [target.name for target in chosen]
        return []

    def _scale(self, one: Distribution[Float]) -> Float:
        """What errors are measured in, (n, k)."""
        if not self.options.scaled or one.aleatoric is None or np.isnan(one.aleatoric).all():
            return np.ones_like(one.mean[0])
        return np.asarray(one.aleatoric[0])

    def fit(
        self, validation: Distributions, truth: Mapping[str, Float], rows: Rows
    ) -> dict[str, Float]:
        """The quantile of each column of each target, (k,).

        Raises
        ------
        ConfigError
            If too few true values are known for the share.
        """
        quantiles = {}
        for name in self._names:
            error = np.abs(truth[name] - validation[name].mean[0])
            scale = self._scale(validation[name])
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.where(error == 0, 0.0, error / scale)
            ratio = np.where(np.isnan(ratio), np.inf, ratio)  # of what has no standard deviation
            columns = [
                _quantile(ratio[np.isfinite(truth[name][:, k]), k], self.options.alpha, name)
                for k in range(error.shape[1])
            ]
            quantiles[name] = np.array(columns, dtype=np.float64)
        return quantiles

    def apply(
        self, predictions: Distributions, rows: Rows, fitted: Mapping[str, Float]
    ) -> Distributions:
        """The intervals."""
        derived = {}
        for name in self._names:
            one = predictions[name]
            with np.errstate(invalid="ignore"):
                half = fitted[name] * self._scale(one)
            half = np.where(np.isnan(half), np.inf, half)  # nothing is known: all numbers
            derived[name] = one._replace(interval=(one.mean[0] - half, one.mean[0] + half))
        return derived


def _quantile(ratios: Float, alpha: float, name: str) -> float:
    rank = math.ceil((len(ratios) + 1) * (1.0 - alpha) - 1e-9)
    if rank > len(ratios):
        raise ConfigError(
            f"{len(ratios)} values of {name} in the validation part are too few for intervals that "
            f"leave out {alpha:g}",
            cause=f"at least {math.ceil(1.0 / alpha - 1.0 - 1e-9)} are needed",
            next_step="choose a larger alpha, or train on a split with a larger validation part",
        )
    return float(np.sort(ratios)[rank - 1])
