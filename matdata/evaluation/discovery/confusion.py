"""Stable materials by whether they are selected, and the scores that follow from their numbers.

Definitions are those of Goodall 2022 (eq. 6.2-6.4) and of Matbench Discovery. A score is NaN where
it is not defined.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from matdata.evaluation.discovery.ranking import Bool


@dataclass(frozen=True)
class Confusion:
    """Materials by whether they are stable, and predicted to be.

    Attributes
    ----------
    tp, fp, fn, tn
        Stable and selected, selected only, stable only, neither.
    """

    tp: int
    fp: int
    fn: int
    tn: int

    @classmethod
    def of(cls, stable: Bool, selected: Bool) -> Confusion:
        """From marks of each material, (n,)."""
        return cls(
            int((stable & selected).sum()),
            int((~stable & selected).sum()),
            int((stable & ~selected).sum()),
            int((~stable & ~selected).sum()),
        )

    @property
    def materials(self) -> int:
        """All of them."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def precision(self) -> float:
        """Share of the selected that is stable."""
        return ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Share of the stable that is selected."""
        return ratio(self.tp, self.tp + self.fn)

    @property
    def prevalence(self) -> float:
        """Share of all that is stable: the precision of a random choice."""
        return ratio(self.tp + self.fn, self.materials)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; NaN if either is, or both are zero."""
        if np.isnan(self.precision) or np.isnan(self.recall):
            return float("nan")
        return ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn) if self.tp else float("nan")

    def scores(self, prevalence: float | None = None) -> dict[str, float]:
        """Counts and scores by name.

        Parameters
        ----------
        prevalence
            What precision is compared with (``daf``, the discovery acceleration factor); that of
            these materials if not given.
        """
        base = self.prevalence if prevalence is None else prevalence
        return {
            "materials": self.materials,
            **asdict(self),
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "accuracy": ratio(self.tp + self.tn, self.materials),
            "prevalence": self.prevalence,
            "daf": ratio(self.precision, base),
            "fpr": ratio(self.fp, self.fp + self.tn),
        }


def ratio(part: float, whole: float) -> float:
    """A quotient; NaN of nothing."""
    return part / whole if whole else float("nan")
