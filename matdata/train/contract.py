"""What a trainer plugin is; importable without torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from matdata.features.base import Featurizer
from matdata.settings import Settings

if TYPE_CHECKING:
    from torch import nn

Task = Literal["regression", "classification"]


@dataclass(frozen=True)
class Target:
    """One property to be learnt.

    Attributes
    ----------
    name
        Column of the dataset's table.
    size
        Numbers in it: 1 for a scalar, the length of an array target, the classes of a class.
    unit
        Its unit, ``1`` when there is none.
    task
        ``regression`` or ``classification``.
    """

    name: str
    size: int = 1
    unit: str = "1"
    task: Task = "regression"


@dataclass(frozen=True)
class Schema:
    """What a model is built for.

    Attributes
    ----------
    targets
        In the order of the columns of `Batch.targets`.
    outputs
        Columns the model returns: the sizes of all targets, twice that for a loss that also
        learns a spread (means first, then log spreads).
    featurizers
        The inputs by spec, with their settings; ``len(featurizer.labels())`` is a width.
    """

    targets: tuple[Target, ...]
    outputs: int
    featurizers: Mapping[str, Featurizer]


class Trainer(ABC):
    """Base of all trainer plugins; registered in the entry-point group ``matdata.trainers``.

    A plugin's ``__init__`` module holds the subclass and its `Hypers` and imports no torch; the
    network is in ``model.py`` and imported by `TorchTrainer.model`.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    citation: ClassVar[str]
    summary: ClassVar[str]
    Hypers: ClassVar[type[Settings]] = Settings
    #: Defaults of the training loop's settings (`epochs`, `batch_size`, `lr`, `loss`, …) that
    #: differ from the core's.
    defaults: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, hypers: Any = None) -> None:
        self.hypers: Any = hypers if hypers is not None else self.Hypers()

    @abstractmethod
    def inputs(self) -> tuple[str, ...]:
        """Specs of the features that the model reads with these hypers."""

    def input_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """Settings that an input must have been built with, by spec; none by default."""
        return {}


class TorchTrainer(Trainer):
    """A plugin whose network the core's loop trains."""

    @abstractmethod
    def model(self, schema: Schema) -> nn.Module:
        """A network that maps a `matdata.load.batch.Batch` to (b, schema.outputs) float32."""
