"""Columns of tables of predictions: one vocabulary for files, printed JSON and pictures.

``truth_<target>``, ``prediction_<target>_<statistic>``, ``prediction_<target>_probability_<class>``
and ``prediction_<target>_member_<number>``, beside ``material_id``. Statistics are single words of
a closed list, so the last word is the statistic, whatever the target is called. Only names of
classes are free text at the end of a name; `require_distinct` refuses targets for which that could
make two columns one. Files that can carry it say what a column holds in its metadata, so no reader
has to take names apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from matdata.core.errors import ConfigError
from matdata.training.target import Target

MATERIAL_ID = "material_id"


class Statistic(StrEnum):
    """What a column holds of its target."""

    TRUTH = "truth"
    CLASS = "class"
    PROBABILITY = "probability"
    MEAN = "mean"
    ALEATORIC = "aleatoric"
    EPISTEMIC = "epistemic"
    TOTAL = "total"
    LOWER = "lower"
    UPPER = "upper"
    MEMBER = "member"

    def unit_of(self, target: Target) -> str | None:
        """The unit of this statistic of a target; None for a class, which is no number.

        Means and standard deviations have the unit of a target that is a number. Those of classes
        are probabilities, without one.
        """
        if target.task == "regression":
            return target.unit
        if target.task == "sequence" and self is Statistic.MEMBER:
            return None
        chosen = target.task != "distribution" and self in (Statistic.TRUTH, Statistic.CLASS)
        return None if chosen else "1"


#: Ends of an interval that a derivation gives.
ENDS = (Statistic.LOWER, Statistic.UPPER)
DEVIATIONS = (Statistic.ALEATORIC, Statistic.EPISTEMIC, Statistic.TOTAL)


@dataclass(frozen=True)
class PredictionColumn:
    """One column of a table of predictions.

    Attributes
    ----------
    target
        Name of the target.
    statistic
        What it holds of it.
    unit
        Unit of its numbers, ``1`` if they have none; None if it holds classes.
    label
        Name of the class, for a probability.
    member
        Number of the member of the ensemble, from 0, for what one member predicts.
    derivation
        What computed it from the predictions of the run, with the digest of what that was fitted
        to; None for what the run predicts itself.
    """

    target: str
    statistic: Statistic
    unit: str | None
    label: str | None = None
    member: int | None = None
    derivation: str | None = None

    @property
    def name(self) -> str:
        """Name of the column."""
        if self.statistic is Statistic.TRUTH:
            return f"truth_{self.target}"
        words = [self.label, None if self.member is None else str(self.member)]
        more = "".join(f"_{word}" for word in words if word is not None)
        return f"prediction_{self.target}_{self.statistic}{more}"

    def to_metadata(self) -> dict[str, str]:
        """What it holds, as text by key: ``target``, ``statistic``, ``unit``, ``class``,
        ``member``, ``derivation``.
        """
        member = None if self.member is None else str(self.member)
        metadata = {"target": self.target, "statistic": str(self.statistic)}
        more = {"unit": self.unit, "class": self.label, "member": member}
        more["derivation"] = self.derivation
        return metadata | {key: value for key, value in more.items() if value is not None}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Self:
        """The column of `to_metadata`."""
        return cls(
            metadata["target"],
            Statistic(metadata["statistic"]),
            metadata.get("unit"),
            metadata.get("class"),
            int(metadata["member"]) if "member" in metadata else None,
            metadata.get("derivation"),
        )


def column_of(
    target: Target, statistic: Statistic, label: str | None = None, member: int | None = None
) -> PredictionColumn:
    """A column of a target, with the unit that the statistic has there."""
    return PredictionColumn(target.name, statistic, statistic.unit_of(target), label, member)


def columns_of(
    targets: Iterable[Target],
    *,
    truth: bool = False,
    members: int = 0,
    intervals: Collection[str] = (),
) -> list[PredictionColumn]:
    """The columns of some targets, in the order in which tables have them.

    Parameters
    ----------
    targets
        What is predicted.
    truth
        Whether there are true values.
    members
        How many members of the ensemble have a column of their own.
    intervals
        Names of the targets that have an interval.
    """
    described = []
    for target in targets:
        described += [column_of(target, Statistic.TRUTH)] if truth else []
        if target.task == "sequence":
            described.append(column_of(target, Statistic.CLASS))
            described.append(column_of(target, Statistic.PROBABILITY))
        elif target.labels:
            described.append(column_of(target, Statistic.CLASS))
            described += [
                column_of(target, Statistic.PROBABILITY, label) for label in target.labels
            ]
        else:
            described.append(column_of(target, Statistic.MEAN))
        if target.task != "sequence":  # of words by position they have no use
            described += [column_of(target, deviation) for deviation in DEVIATIONS]
        described += [column_of(target, end) for end in ENDS if target.name in intervals]
        described += [column_of(target, Statistic.MEMBER, member=k) for k in range(members)]
    return described


def require_distinct(targets: Sequence[Target]) -> None:
    """Check that no two columns of some targets can have one name.

    Of numbers none can. A class is free text at the end of ``<target>_probability_<class>``, which
    another target can continue whose name begins with that; such targets are refused together,
    whatever their classes are.

    Raises
    ------
    ConfigError
        Naming the two targets.
    """
    for one in targets:
        if not one.labels:
            continue
        start = f"{one.name}_{Statistic.PROBABILITY}"
        for other in targets:
            if other.name == start or other.name.startswith(f"{start}_"):
                raise ConfigError(
                    f"targets {one.name!r} and {other.name!r} cannot be predicted together: their "
                    "columns could have the same name",
                    cause=f"probabilities are named prediction_{start}_<class>",
                    next_step="train a run for each, or give one of the columns another name",
                )
