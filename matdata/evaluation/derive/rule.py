"""Derivations whose numbers decide which materials a screening keeps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal

from matdata.evaluation.derive.base import Derivation, Float, O_co
from matdata.training.target import Target

#: Both limits of a part of an axis, by its name.
Bands = Mapping[str, tuple[float, float]]


class Rule(Derivation[O_co]):
    """A derivation with a condition: what ``matdata screen --rule NAME`` keeps.

    Registered as every derivation is. A screening derives the targets of `produces`, and keeps the
    materials for which `condition` is known to be true.
    """

    level: ClassVar[Literal["member", "ensemble"]] = "ensemble"
    #: Two of the targets that it produces, which are drawn against each other; none if empty.
    drawn: ClassVar[tuple[str, ...]] = ()
    #: Parts of the first one's axis that have a name.
    bands: ClassVar[Bands] = {}
    #: What to write where a dataset has no column of `units`; empty if nothing helps.
    without_column: ClassVar[str] = ""

    @property
    @abstractmethod
    def condition(self) -> str:
        """An expression (`matdata.core.expressions`) over columns of the dataset by their names,
        and of predictions by theirs: ``prediction_<target>_mean``.
        """

    @property
    def units(self) -> Mapping[str, str]:
        """Units that limits of the condition are in, by column of the dataset."""
        return {}

    def region(self, target: Target, points: Float, values: Float) -> tuple[float, float] | None:
        """The part of an array target's axis that a picture of it marks; None for none.

        Parameters
        ----------
        target
            An array target that is predicted.
        points, values : (k,)
            Its axis, and what is predicted for one material.
        """
        return None


def prediction_of(name: str) -> str:
    """A predicted number as conditions name it, in backticks."""
    column = f"prediction_{name}_mean".replace("`", "``")
    return f"`{column}`"
