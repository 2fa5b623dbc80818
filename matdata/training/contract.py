"""What a trainer plugin is; importable without torch."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from matdata.core.settings import Settings
from matdata.features.base import Dense, Featurizer

if TYPE_CHECKING:
    from torch import nn

Task = Literal["regression", "classification"]
BOOLEAN = (False, True)


@dataclass(frozen=True)
class Target:
    """One property to be learnt.

    Attributes
    ----------
    name
        Column of the dataset's table.
    size
        Numbers predicted for it: 1 for a scalar, the length of an array target, the number of
        classes of a classification (whose column in a batch is one: the index of the class).
    unit
        Its unit, ``1`` when there is none.
    task
        ``regression`` or ``classification``.
    classes
        Classes of a column of text (sorted) or of true and false, in the order of their indices;
        empty where the column itself holds the indices.
    """

    name: str
    size: int = 1
    unit: str = "1"
    task: Task = "regression"
    classes: tuple[str | bool, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))  # JSON has lists

    @property
    def columns(self) -> int:
        """Columns of `Batch.targets` that it takes."""
        return 1 if self.task == "classification" else self.size

    @functools.cached_property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes as text: of true and false in small letters, of classes that are
        numbers these; empty for a regression.
        """
        if self.task == "classification" and not self.classes:
            return tuple(map(str, range(self.size)))
        return tuple(str(c).lower() if isinstance(c, bool) else c for c in self.classes)

    @functools.cached_property
    def _codes(self) -> dict[Any, int]:
        return {name: index for index, name in enumerate(self.classes)}

    def code(self, cell: Any) -> Any:
        """The number of a cell of the column: the index of a text's class, -1 if it has none."""
        return self._codes.get(cell, -1) if isinstance(cell, str) else cell

    def to_dict(self) -> dict[str, Any]:
        """As a record, which has classes only where they have names."""
        found = asdict(self)
        classes = found.pop("classes")
        return {**found, "classes": list(classes)} if classes else found

    def identity(self) -> dict[str, Any]:
        """What tells runs apart: that a column holds true and false is known from the dataset."""
        found = self.to_dict()
        if self.classes == BOOLEAN:
            del found["classes"]
        return found


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


@dataclass(frozen=True, eq=False)
class Samples:
    """Materials as arrays, for plugins with a fit of their own.

    Attributes
    ----------
    ids : (n,) str
        Material ids.
    inputs
        By spec the dense form of each feature, (n, d), or `Ragged` with n rows.
    targets : (n, t) float64
        Targets as columns, 0 where unknown; t is 0 when predicting. Numbers are less the mean and
        over the standard deviation of the training part, so that neither unit nor offset matter to
        a fit; classes are their indices.
    mask : (n, t) bool
        Where a target is known.
    """

    ids: npt.NDArray[np.str_]
    inputs: Mapping[str, Dense]
    targets: npt.NDArray[np.float64]
    mask: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Members:
    """What the members of an ensemble predict.

    Attributes
    ----------
    means : (m, n, t) float
        Of each member (network, tree); probabilities of the classes in a classification.
    spreads : (m, n, t) float, optional
        Standard deviation of the noise that each member expects (aleatoric).
    """

    means: npt.NDArray[Any]
    spreads: npt.NDArray[Any] | None = None


@dataclass(frozen=True, eq=False)
class SavedModel:
    """What a run keeps of a plugin's model.

    Attributes
    ----------
    hypers
        Values of the plugin's hyperparameters by name.
    state
        Arrays by name: weights (members, …) of networks, or what `FitTrainer.state` returned.
    """

    hypers: Mapping[str, Any]
    state: Mapping[str, npt.NDArray[Any]]


class Trainer(ABC):
    """Base of `TorchTrainer` and `FitTrainer`; registered in the entry-point group
    ``matdata.trainers``.

    A plugin's ``__init__`` module holds the subclass and its `Hypers` and imports no torch; the
    network is in ``model.py`` and imported by `TorchTrainer.model`.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    citation: ClassVar[str]
    summary: ClassVar[str]
    Hypers: ClassVar[type[Settings]] = Settings
    #: What it can learn.
    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    #: Defaults of the training loop's settings (`epochs`, `batch_size`, `lr`, `loss`, …) that
    #: differ from the core's.
    defaults: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, hypers: Any = None) -> None:
        self.hypers: Any = hypers if hypers is not None else self.Hypers()

    @classmethod
    def upgrade(cls, saved: SavedModel, from_version: str) -> SavedModel | None:
        """What a run of another version of this plugin stored, as this version reads it.

        Called when a run is opened whose version is not the installed one. A plugin that knows how
        to read older versions returns their hyperparameters under today's names and their weights
        under today's names and shapes, so that runs stay usable.

        Parameters
        ----------
        saved
            What the run stored.
        from_version
            `version` of the plugin that trained it.

        Returns
        -------
        SavedModel or None
            None, as here, if the version is not known: the run is refused.
        """
        return None

    @abstractmethod
    def inputs(self) -> tuple[str, ...]:
        """Specs of the features that the model reads with these hypers."""

    def input_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """Settings that an input must have been built with, by spec; none by default."""
        return {}


class TorchTrainer(Trainer):
    """A plugin whose network the core's loop trains."""

    #: Whether members of an ensemble can be trained as one network with stacked weights
    #: (`torch.func.vmap`): no BatchNorm, no branches on values that depend on weights.
    vmap: ClassVar[bool] = True

    @abstractmethod
    def model(self, schema: Schema) -> nn.Module:
        """A network that maps a `matdata.load.batch.Batch` to (b, schema.outputs) float32."""


class FitTrainer(Trainer):
    """A plugin with a fit of its own, such as a random forest."""

    @abstractmethod
    def fit(self, train: Samples, valid: Samples | None, schema: Schema, seed: int) -> None:
        """Fit to `train`; `valid` may choose when to stop, and is None if there is none."""

    @abstractmethod
    def predict(self, samples: Samples) -> Members:
        """Predict, normalised as what was fitted; a random forest returns its trees as members."""

    @abstractmethod
    def state(self) -> Mapping[str, npt.NDArray[Any]]:
        """All that was learnt, as named arrays, which the core writes to the run folder."""

    @abstractmethod
    def load_state(self, state: Mapping[str, npt.NDArray[Any]], schema: Schema) -> None:
        """Take over what `state` returned."""
