"""What a model returns for its targets, and what that means; importable without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

Values = TypeVar("Values")


class Distribution(NamedTuple, Generic[Values]):
    """What is predicted for one target: of each member, or of an ensemble.

    Attributes
    ----------
    mean : (m, n, k)
        The number, or each number of an array target; probabilities where `probability` is given.
        Members come first; of an ensemble as a whole there is one.
    aleatoric : (m, n, k), optional
        Standard deviation of the noise; None if the objective learns none.
    probability : (m, n, k), optional
        Probabilities of classes, labels or elements; None for numbers.
    interval : ((n, k), (n, k)), optional
        Lower and upper ends of an interval that an ensemble gives.
    """

    mean: Values
    aleatoric: Values | None = None
    probability: Values | None = None
    interval: tuple[Values, Values] | None = None


@dataclass(frozen=True, eq=False)
class Members:
    """What the members of an ensemble predict.

    Attributes
    ----------
    means : (m, n, t) float
        Of each member (network, tree); probabilities of the classes in a classification.
    stds : (m, n, t) float, optional
        Standard deviation of the noise that each member expects (aleatoric); NaN for a target of
        which none is learnt beside others of which it is.
    """

    means: npt.NDArray[np.floating]
    stds: npt.NDArray[np.floating] | None = None


@dataclass(frozen=True)
class Head:
    """The columns that a model returns for one target, as its objective declares them.

    Attributes
    ----------
    target
        Name of the target.
    parts
        Widths of the parts: one number per value of the target for most objectives, ``(k, k)``
        (means, then logarithms of standard deviations) for one that learns the noise as well.
    """

    target: str
    parts: tuple[int, ...]

    @property
    def width(self) -> int:
        """Columns in all."""
        return sum(self.parts)


def columns_of_heads(heads: Sequence[Head]) -> list[list[slice]]:
    """Where the parts of each head are in a flat output: a list of slices per head.

    The first parts of all heads come first, then the second parts: means of all targets, then the
    logarithms of their standard deviations.
    """
    places: list[list[slice]] = [[] for _ in heads]
    start = 0
    for part in range(max((len(head.parts) for head in heads), default=0)):
        for place, head in zip(places, heads, strict=True):
            if part < len(head.parts):
                place.append(slice(start, start + head.parts[part]))
                start += head.parts[part]
    return places
