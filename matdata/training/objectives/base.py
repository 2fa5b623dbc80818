"""What an objective is; importable without torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Generic, Self, cast

from matdata.core.settings import Settings
from matdata.training.outputs import Distribution
from matdata.training.target import Target, Task

if TYPE_CHECKING:
    from torch import Tensor
    from typing_extensions import TypeVar

    #: `Objective` alone means `Objective[Settings]`: one with any options.
    O_co = TypeVar("O_co", bound=Settings, default=Settings, covariant=True)
else:
    from typing import TypeVar

    O_co = TypeVar("O_co", bound=Settings, covariant=True)

#: Below this a sum of weights counts as 0.
TINY = 1e-12


class Objective(ABC, Generic[O_co]):
    """How predictions of one target are compared with the truth, and what they mean; generic in
    its options.

    Registered in the entry-point group ``matdata.objectives``. An instance is bound to a target:
    its axis, classes and options are known. Tensors of outputs have the shape (..., b, width), the
    leading axis being the members of an ensemble if there is one; those of truths (b, columns).
    Numbers are normalised.

    Attributes
    ----------
    target
        What is learnt.
    options
        `Options` made of `Target.options`.
    """

    name: ClassVar[str]
    #: Raised whenever outputs of runs of before would mean something else.
    version: ClassVar[str] = "1"
    summary: ClassVar[str]
    #: The kind of target that it learns.
    task: ClassVar[Task]
    #: Scores that are printed, in this order.
    metrics: ClassVar[tuple[str, ...]]
    Options: ClassVar[type[Settings]] = Settings
    #: Options that a setting of the training loop gives a default: option to setting.
    loop_options: ClassVar[Mapping[str, str]] = {}

    def __init__(self, target: Target, options: O_co) -> None:
        self.target = target
        self.options = options

    @classmethod
    def bind(cls, target: Target, defaults: Mapping[str, object] | None = None) -> Self:
        """The objective of a target.

        Parameters
        ----------
        target
            What is learnt.
        defaults
            Options that `Target.options` do not name.

        Raises
        ------
        ConfigError
            If an option is unknown or has the wrong type.
        """
        options = cls.Options.from_mapping({**(defaults or {}), **target.options})
        return cls(target, cast(O_co, options))

    @property
    def context(self) -> tuple[str, ...]:
        """Specs of dense inputs of the batch that loss and decoding read."""
        return ()

    def parts(self) -> tuple[int, ...]:
        """Widths of the parts of an output; see `Head`."""
        return (self.target.size,)

    def width(self) -> int:
        """Columns of the head."""
        return sum(self.parts())

    @abstractmethod
    def loss(
        self, output: Tensor, truth: Tensor, present: Tensor, context: Mapping[str, Tensor]
    ) -> Tensor:
        """Loss of each row, (..., b), averaged over what is known of the row, unreduced.

        Parameters
        ----------
        output : (..., b, width)
            Of the model.
        truth, present : (b, columns)
            True values, and where they are known. Rows of which nothing is known are not used.
        context
            The inputs that `context` names, (b, d) each.
        """

    @abstractmethod
    def error(
        self, output: Tensor, truth: Tensor, present: Tensor, context: Mapping[str, Tensor]
    ) -> Tensor:
        """How wrong the prediction of each row is, (..., b), by which epochs are compared."""

    @abstractmethod
    def decode(self, output: Tensor, context: Mapping[str, Tensor]) -> Distribution[Tensor]:
        """What outputs (..., b, width) mean: (..., b, `Target.size`) each, still normalised."""


def row_mean(entries: Tensor, present: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean of entries (..., b, k) over what is present (b, k) in each row: (..., b).

    Parameters
    ----------
    weights : (k,), optional
        Weights of the columns.
    """
    if entries.shape[-1] == 1:
        return entries.squeeze(-1)
    factor = present.to(entries.dtype)
    if weights is not None:
        factor = factor * weights
    # an unknown value may meet an infinite loss; zero times that is not zero
    total = (entries * factor).where(factor > 0, 0.0).sum(-1)
    return total / factor.sum(-1).clamp(min=TINY)
