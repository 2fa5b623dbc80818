"""Split-conformal intervals, normalised and by group (Mondrian)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError
from matdata.core.settings import Settings, setting
from matdata.evaluation.column_groups import Grouping
from matdata.evaluation.derive.base import (
    Derivation,
    Distributions,
    Float,
    Rows,
    numbers_among,
)
from matdata.training.outputs import Distribution
from matdata.training.target import Target

#: What `Conformal.fit` keeps beside quantiles: where bins meet, and that of small groups together.
EDGES, POOLED = "edges", "pooled"
#: Groups of which an error gives the numbers.
FEW = 5


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
    offset: float = setting(
        0.0, "added to standard deviations, in the target's unit: some may be near 0", minimum=0.0
    )
    by: str = setting(
        "", "column: a quantile for each of its values, or bin of its numbers", verbatim=True
    )
    bins: int = setting(4, "bins of a column of numbers, of equal counts", minimum=2, maximum=50)
    pool: bool = setting(
        False, "take groups that are too small together, with those validation has none of"
    )


class Conformal(Derivation[ConformalOptions]):
    """``mean ± q s``: q is a quantile of ``|y - mean| / s`` over the validation part.

    With n known values q is the ``ceil((n + 1) (1 - alpha))``-th smallest ratio, so that a new
    value drawn like those of validation lies within with a probability of at least 1 - alpha
    (Vovk, Gammerman and Shafer 2005; Lei et al., J. Am. Stat. Assoc. 113, 1094, 2018, theorem 2.2).
    s is the total standard deviation plus `offset` (Papadopoulos, Vovk and Gammerman, J. Artif.
    Intell. Res. 40, 815, 2011, eq. 16), or 1. Each point of an array has a quantile of its own.
    By a column each group has its quantile, and the share holds within each group (Mondrian;
    Vovk et al. 2005, 4.5); materials of a group without a quantile have unbounded intervals.
    Validation also chose the epoch of the run, so the interval is a little too narrow where it is
    small.
    """

    name: ClassVar[str] = "conformal"
    version: ClassVar[str] = "2"
    summary: ClassVar[str] = "intervals that hold a share of the true values"
    level: ClassVar[Literal["member", "ensemble"]] = "ensemble"
    fits: ClassVar[bool] = True
    exchangeable: ClassVar[bool] = True
    Options: ClassVar[type[Settings]] = ConformalOptions

    @property
    def needs(self) -> tuple[str, ...]:
        """The column of the groups."""
        return (self.options.by,) if self.options.by else ()

    def produces(self, targets: Sequence[Target]) -> Sequence[Target]:
        """No target, intervals of those that there are."""
        chosen = numbers_among(targets, self.options.target, self.name)
        self._names = [target.name for target in chosen]
        return []

    def _scale(self, one: Distribution[Float]) -> Float:
        """What errors are measured in, (n, k)."""
        if not self.options.scaled or one.aleatoric is None or np.isnan(one.aleatoric).all():
            return np.ones_like(one.mean[0])
        return np.asarray(one.aleatoric[0] + self.options.offset)

    def fit(
        self, validation: Distributions, truth: Mapping[str, Float], rows: Rows
    ) -> dict[str, Float]:
        """Quantiles (k,) of the columns of each target, by target, or by target and group.

        Raises
        ------
        ConfigError
            If too few true values are known for the share, of all materials or of a group.
        """
        fitted: dict[str, Float] = {}
        grouping = None
        if self.options.by:
            cells = rows[self.options.by]
            grouping = Grouping.of(self.options.by, cells, self.options.bins)
            fitted[EDGES] = np.array(grouping.edges, dtype=np.float64)
        for name in self._names:
            error = np.abs(truth[name] - validation[name].mean[0])
            scale = self._scale(validation[name])
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.where(error == 0, 0.0, error / scale)
            ratio = np.where(np.isnan(ratio), np.inf, ratio)  # of what has no standard deviation
            ratio = np.where(np.isfinite(truth[name]), ratio, np.nan)
            if grouping is None:
                fitted[name] = self._quantiles(ratio, name)
            else:
                labels = np.array([grouping.label(cell) for cell in cells], dtype=object)
                fitted |= self._by_group(ratio, labels, name)
        return fitted

    def _by_group(
        self, ratio: Float, labels: npt.NDArray[np.object_], name: str
    ) -> dict[str, Float]:
        """Quantiles of each group of one target."""
        known = np.isfinite(ratio) | np.isposinf(ratio)
        counts = {label: int(known[labels == label].sum(0).min()) for label in set(labels)}
        least = _least(self.options.alpha)
        small = sorted(label for label, count in counts.items() if count < least)
        if small and not self.options.pool:
            texts = ", ".join(f"{label} {counts[label]}" for label in small[:FEW])
            more = ", …" if len(small) > FEW else ""
            raise ConfigError(
                f"{len(small)} of {len(counts)} groups of {self.options.by!r} have too few values "
                f"of {name} in the validation part for intervals that leave out "
                f"{self.options.alpha:g}: {texts}{more}",
                cause=f"at least {least} are needed in each",
                next_step="add pool=true, which takes them together, choose fewer bins, a coarser "
                "column or a larger alpha, or train on a split with a larger validation part",
            )
        chosen = {_key(name, g): self._quantiles(ratio[labels == g], name)
                  for g in sorted(counts) if g not in small}  # fmt: skip
        if small:
            inside = np.isin(labels.astype(np.str_), small)
            if known[inside].sum(0).min() >= least:
                chosen[_key(name, "", POOLED)] = self._quantiles(ratio[inside], name)
        if not chosen:
            self._quantiles(ratio, name)  # too few of them all
        return chosen

    def _quantiles(self, ratio: Float, name: str) -> Float:
        columns = ratio.T
        return np.array([_quantile(one[~np.isnan(one)], self.options.alpha, name)
                         for one in columns], dtype=np.float64)  # fmt: skip

    def _factor(
        self, name: str, one: Distribution[Float], rows: Rows, fitted: Mapping[str, Float]
    ) -> Float:
        """The quantile for each material, (n, k), infinite where there is none."""
        if not self.options.by:
            return fitted[name]
        count, width = one.mean.shape[1:]
        grouping = Grouping(self.options.by, tuple(fitted[EDGES].tolist()))
        nothing = np.full(width, np.inf)
        other = fitted.get(_key(name, "", POOLED), nothing)
        found = [
            fitted.get(_key(name, grouping.label(cell)), other) for cell in rows[self.options.by]
        ]
        return np.array(found, dtype=np.float64).reshape(count, width)

    def coverage_law(self, known: int) -> tuple[int, int] | None:
        """Rank of the quantile, and what is left of n + 1; None by group, where each has its."""
        rank = _rank(known, self.options.alpha)
        return None if self.options.by or rank > known else (rank, known + 1 - rank)

    def apply(
        self, predictions: Distributions, rows: Rows, fitted: Mapping[str, Float]
    ) -> Distributions:
        """The intervals."""
        derived = {}
        for name in self._names:
            one = predictions[name]
            factor = self._factor(name, one, rows, fitted)
            with np.errstate(invalid="ignore"):
                half = factor * self._scale(one)
            half = np.where(np.isnan(half), np.inf, half)  # nothing is known: all numbers
            derived[name] = one._replace(interval=(one.mean[0] - half, one.mean[0] + half))
        return derived


def _key(name: str, label: str, kind: str = "group") -> str:
    """Under which a quantile of a target and a group is kept."""
    return json.dumps([name, kind, label], ensure_ascii=False)


def _least(alpha: float) -> int:
    """How many values an interval that leaves out alpha needs."""
    return math.ceil(1.0 / alpha - 1.0 - 1e-9)


def _rank(count: int, alpha: float) -> int:
    return math.ceil((count + 1) * (1.0 - alpha) - 1e-9)


def _quantile(ratios: Float, alpha: float, name: str) -> float:
    rank = _rank(len(ratios), alpha)
    if rank > len(ratios):
        raise ConfigError(
            f"{len(ratios)} values of {name} in the validation part are too few for intervals that "
            f"leave out {alpha:g}",
            cause=f"at least {_least(alpha)} are needed",
            next_step="choose a larger alpha, or train on a split with a larger validation part",
        )
    quantile = float(np.sort(ratios)[rank - 1])
    if not math.isfinite(quantile):
        lost = int((~np.isfinite(ratios)).sum())
        raise ConfigError(
            f"{lost:,} of {len(ratios):,} values of {name} in the validation part have no "
            "predicted standard deviation, or one of 0 and an error: no multiple of it holds "
            f"{1.0 - alpha:.6g} of them",
            cause="members that agree where they are wrong, as trees on values that often repeat",
            next_step="add offset=NUMBER, in the unit of the target, or scaled=false",
        )
    return quantile
