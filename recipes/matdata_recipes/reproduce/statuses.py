"""How near we are to a paper: computed from numbers on record, never written by hand."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Status = Literal[
    "reproduced", "within error", "differs", "in part", "drawn", "stand-in", "data closed",
    "not run", "not built", "drawing",
]  # fmt: skip
Data = Literal["paper", "other release", "none"]
#: An error counts as reproduced if it is this near to the paper's, as a share of it.
TOLERANCE = 0.05
MEANINGS: dict[Status, str] = {
    "reproduced": f"within {TOLERANCE:.0%} of an error that the paper prints (the criterion is "
    "ours, not the papers'; deviations stand beside the numbers for who chooses another), or equal "
    "to the digits of a number that it computes",
    "within error": "the paper's value lies within two standard errors of our mean over seeds or "
    "folds",
    "differs": "neither; what is known of why stands beside it",
    "in part": "some of its numbers were computed, each with a status of its own",
    "drawn": "the paper prints no number; ours was computed, and --report draws it",
    "stand-in": "made on other data, and not counted",
    "data closed": "the data cannot be had by everybody",
    "not run": "one command, for whoever has the data and the time",
    "not built": "matdata lacks something that it takes",
    "drawing": "a drawing that shows no result",
}
#: From what is best to what is worst of a table.
_ORDER: tuple[Status, ...] = ("reproduced", "within error", "differs")


@dataclass(frozen=True)
class Number:
    """A number of a paper, and ours.

    Attributes
    ----------
    label
        What it is: a preset, or a quantity.
    paper
        What the paper prints; None where it prints none.
    place
        Where it is printed.
    values
        Ours, one for each seed or fold; empty if there is none.
    unit
        Of all of them.
    slack
        Largest absolute difference of an equal number; None for errors of models, which are held
        against `TOLERANCE`.
    notes
        What differs from the paper's way.
    evidence
        Names of the records of results that hold ours.
    seconds
        That the trainings took.
    data
        What ours is computed from: the paper's own data, another release of them, or tables of
        symmetry alone.
    remarks
        What else is on record, or must be known, whatever the status.
    """

    label: str
    paper: float | None
    place: str
    values: tuple[float, ...] = ()
    unit: str = ""
    slack: float | None = None
    notes: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    seconds: float = 0.0
    data: Data = "paper"
    remarks: tuple[str, ...] = ()

    @property
    def mean(self) -> float | None:
        """Of our values."""
        return statistics.fmean(self.values) if self.values else None

    @property
    def error(self) -> float | None:
        """Standard error of the mean; None of a single value."""
        if len(self.values) < 2:
            return None
        return statistics.stdev(self.values) / math.sqrt(len(self.values))

    @property
    def difference(self) -> float | None:
        """Ours over the paper's, less one; None where there is no such ratio."""
        return self.mean / self.paper - 1.0 if self.mean is not None and self.paper else None

    @property
    def counted(self) -> bool:
        """Whether both are there."""
        return self.paper is not None and bool(self.values)

    @property
    def status(self) -> Status:
        """Computed from both numbers."""
        if not self.values:
            return "not run"
        if self.paper is None or self.mean is None:
            return "drawn"
        off = abs(self.mean - self.paper)
        slack = TOLERANCE * abs(self.paper) if self.slack is None else self.slack
        if off <= slack:
            return "reproduced"
        return "within error" if self.error and off <= 2.0 * self.error else "differs"

    @property
    def trained(self) -> bool:
        """Whether it is an error of a trained model, not a number that is computed."""
        return self.slack is None

    @property
    def explanation(self) -> str:
        """Why they differ, then the remarks."""
        return "; ".join(filter(None, (self.why, *self.remarks)))

    @property
    def why(self) -> str:
        """What is known of why they differ; empty where they do not."""
        if self.status != "differs":
            return ""
        alone = ("one training: how much seeds differ is not known",)
        return (
            "; ".join(self.notes or (alone if self.trained and not self.error else ()))
            or "no reason is known"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "label": self.label,
            "paper": self.paper,
            "place": self.place,
            "ours": self.mean,
            "standard_error": self.error,
            "values": list(self.values),
            "unit": self.unit,
            "difference": self.difference,
            "status": self.status,
            "notes": list(self.notes),
            "remarks": list(self.remarks),
            "evidence": list(self.evidence),
            "seconds": self.seconds,
        }


def worst(numbers: Sequence[Number]) -> Status | None:
    """The worst status among numbers that both have; None if there are none."""
    found = {number.status for number in numbers if number.counted}
    if found and any(number.paper is not None and not number.values for number in numbers):
        return "in part"
    return next((status for status in reversed(_ORDER) if status in found), None)
