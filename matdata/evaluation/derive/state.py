"""Predictions by target while derivations go over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from matdata.evaluation.derive.base import Derivation, Distributions, Float, Rows
from matdata.training.ensemble import combine
from matdata.training.outputs import Distribution, Members
from matdata.training.prediction import Predictions
from matdata.training.target import Target

Ids = npt.NDArray[np.str_]


class State:
    """Distributions, true values and intervals by target.

    Attributes
    ----------
    ids, targets
        Of the predictions; derived targets are added at the end.
    distributions, truths
        By name the distributions of the members, and true values (n, k) where they are known.
    intervals
        By name the ends that derivations gave.
    rows
        Columns of the table that derivations read.
    """

    def __init__(
        self,
        ids: Ids,
        targets: tuple[Target, ...],
        distributions: Distributions,
        truths: dict[str, Float],
    ) -> None:
        self.ids, self.targets, self.truths = ids, targets, truths
        self.distributions = dict(distributions)
        self.intervals: dict[str, tuple[Float, Float]] = {}
        self.rows: Rows = {}

    @classmethod
    def of(cls, predictions: Predictions, rows: Rows) -> State:
        """From predictions of a run."""
        distributions, truths, start = {}, {}, 0
        for target in predictions.targets:
            own = slice(start, start + target.size)
            noise = predictions.noise
            values = None if noise is None else noise[..., own]
            if values is not None and np.isnan(values).all():
                values = None
            mean = predictions.members[..., own]
            chances = mean if target.has_probabilities else None
            distributions[target.name] = Distribution(mean, values, chances)
            if predictions.true is not None:
                truths[target.name] = predictions.truth(target)
            start = own.stop
        state = cls(predictions.ids, predictions.targets, distributions, truths)
        state.rows = rows
        return state

    def at(self, level: str) -> Distributions:
        """Of each member, or of the ensemble."""
        if level == "member":
            return self.distributions
        whole = self._combined()
        return {
            target.name: Distribution(
                whole.column(target, whole.mean)[None],
                None if whole.total is None else whole.column(target, whole.total)[None],
                whole.column(target, whole.mean)[None] if target.has_probabilities else None,
            )
            for target in self.targets
        }

    def derive(
        self, step: Derivation, new: tuple[Target, ...], fitted: Mapping[str, Float]
    ) -> list[str]:
        """Take a step; what it added, ``<target>`` or ``<target>/interval``."""
        derived = step.apply(self.at(step.level), self.rows, fitted)
        members = len(next(iter(self.distributions.values())).mean)
        names = {target.name for target in new}
        added = []
        for name, one in derived.items():
            if name in names:
                wide = (members, *one.mean.shape[1:])
                noise = None if one.aleatoric is None else np.broadcast_to(one.aleatoric, wide)
                self.distributions[name] = Distribution(np.broadcast_to(one.mean, wide), noise)
                added.append(name)
            if one.interval is not None:
                self.intervals[name] = one.interval
                added.append(f"{name}/interval")
        if self.truths:
            self.truths |= {
                k: v for k, v in step.truth(self.truths, self.rows).items() if k in names
            }
        self.targets = (*self.targets, *new)
        return added

    def _combined(self) -> Predictions:
        parts = [self.distributions[target.name] for target in self.targets]
        noise = None
        if any(one.aleatoric is not None for one in parts):
            noise = np.concatenate(
                [
                    np.full_like(o.mean, np.nan) if o.aleatoric is None else o.aleatoric
                    for o in parts
                ],
                -1,
            )
        members = Members(np.concatenate([one.mean for one in parts], -1), noise)
        true = None
        if self.truths:
            true = np.concatenate([self.truths[target.name] for target in self.targets], 1)
        return combine(self.ids, self.targets, members, true)

    def finish(
        self, before: Predictions, by: Mapping[str, str], records: Sequence[Mapping[str, object]]
    ) -> Predictions:
        """All of it as predictions."""
        return replace(
            self._combined(),
            rejects=before.rejects,
            intervals=self.intervals,
            derived_by=by,
            derivations=tuple(records),
        )


def _noise(one: Distribution[Float]) -> Float:
    return np.full_like(one.mean, np.nan) if one.aleatoric is None else one.aleatoric
