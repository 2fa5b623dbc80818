"""What a derivation is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, Self, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.settings import Settings
from matdata.training.outputs import Distribution
from matdata.training.target import Target

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    #: `Derivation` alone means `Derivation[Settings]`: one with any options.
    O_co = TypeVar("O_co", bound=Settings, default=Settings, covariant=True)
else:
    from typing import TypeVar

    O_co = TypeVar("O_co", bound=Settings, covariant=True)

Float: TypeAlias = npt.NDArray[np.float64]
Distributions: TypeAlias = Mapping[str, Distribution[Float]]
#: Columns of the dataset's table, in the order of the predictions.
Rows: TypeAlias = Mapping[str, Sequence[object]]


class Derivation(ABC, Generic[O_co]):
    """Something computed from the predictions of a run; generic in its options.

    Registered in the entry-point group ``matdata.derivations``. Arrays of a target are (m, n, k),
    members in front, in the unit of the target. At the level ``member`` each member is derived on
    its own, so that what members disagree about goes through. At the level ``ensemble`` there is
    one: the mean, with the total standard deviation as its aleatoric one.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    summary: ClassVar[str]
    level: ClassVar[Literal["member", "ensemble"]] = "member"
    #: Whether `fit` learns something from the validation part.
    fits: ClassVar[bool] = False
    #: Whether what it promises needs a test part that was drawn like the validation part.
    exchangeable: ClassVar[bool] = False
    #: The option that a text without ``KEY=`` gives (``hull:REF``); empty if there is none.
    positional: ClassVar[str] = ""
    Options: ClassVar[type[Settings]] = Settings

    def __init__(self, options: O_co | None = None) -> None:
        self.options: O_co = cast(O_co, self.Options()) if options is None else options

    @property
    def spec(self) -> str:
        """Name and options as one text."""
        options = self.options.to_dict()
        pairs = [f"{name}={value}" for name, value in options.items() if value != ""]
        return self.name + (f":{','.join(pairs)}" if pairs else "")

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns of the dataset's table that it reads."""
        return ()

    @property
    def reference(self) -> str | None:
        """Digest of what predictions are compared with; None if with nothing."""
        return None

    def within(self, cache: Path) -> Self:
        """The derivation where artefacts that its options name are those of a cache."""
        return self

    @abstractmethod
    def produces(self, targets: Sequence[Target]) -> Sequence[Target]:
        """The targets that it adds to these.

        Raises
        ------
        ConfigError
            If it cannot be computed from them.
        """

    def fit(
        self, validation: Distributions, truth: Mapping[str, Float], rows: Rows
    ) -> dict[str, Float]:
        """What it learns from the validation part; it never sees the test part.

        Parameters
        ----------
        validation, truth
            Predictions, and true values (n, k), NaN where unknown.
        """
        return {}

    @abstractmethod
    def apply(
        self, predictions: Distributions, rows: Rows, fitted: Mapping[str, Float]
    ) -> Distributions:
        """Distributions of the targets that it produces, and intervals of those that there are."""

    def coverage_law(self, known: int) -> tuple[int, int] | None:
        """The parameters a and b of the beta distribution of the coverage of its intervals, if
        they were fitted to so many values; None if it has none (see `coverage_law.coverage_band`).
        """
        return None

    def truth(self, truth: Mapping[str, Float], rows: Rows) -> Mapping[str, Float]:
        """True values of the targets that it produces, from those that there are."""
        return {}


def numbers_among(targets: Sequence[Target], name: str, what: str) -> list[Target]:
    """The targets that are numbers; the one of a name if it is given.

    Raises
    ------
    ConfigError
        If there is none.
    """
    numbers = [target for target in targets if target.task == "regression"]
    chosen = [target for target in numbers if name in ("", target.name)]
    if not chosen:
        names = [target.name for target in numbers]
        raise ConfigError(
            f"{what} has no target of numbers{f' {name!r}' if name else ''}"
            + (did_you_mean(name, names) if name else ""),
            next_step=f"targets of numbers: {', '.join(names) or 'none'}",
        )
    return chosen
