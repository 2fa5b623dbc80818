"""What a trainer plugin is; importable without torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, cast

import numpy as np
import numpy.typing as npt

from matdata.core.settings import Settings
from matdata.features.base import Featurizer
from matdata.training.outputs import Head, Members
from matdata.training.samples import Samples
from matdata.training.target import Target, Task

if TYPE_CHECKING:
    from torch import Tensor, nn
    from typing_extensions import TypeVar

    from matdata.load.batch import Batch

    #: `Trainer` alone means `Trainer[Settings]`: one with any hyperparameters.
    H_co = TypeVar("H_co", bound=Settings, default=Settings, covariant=True)
else:
    from typing import TypeVar

    H_co = TypeVar("H_co", bound=Settings, covariant=True)


@dataclass(frozen=True)
class Schema:
    """What a model is built for.

    Attributes
    ----------
    targets
        In the order of the columns of `Batch.targets`.
    heads
        What the model returns for each of them, as their objectives declare it.
    featurizers
        The inputs by spec, with their settings; ``len(featurizer.labels())`` is a width.
    """

    targets: tuple[Target, ...]
    heads: tuple[Head, ...]
    featurizers: Mapping[str, Featurizer]

    @property
    def outputs(self) -> int:
        """Columns that a model returns in one tensor (b, outputs): the first parts of all heads
        (means), then their second parts (logarithms of standard deviations).
        """
        return sum(head.width for head in self.heads)

    @property
    def means(self) -> int:
        """How many of the columns are first parts."""
        return sum(head.parts[0] for head in self.heads)


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

    hypers: Mapping[str, object]
    state: Mapping[str, npt.NDArray[np.generic]]


class Trainer(ABC, Generic[H_co]):
    """Base of `TorchTrainer` and `FitTrainer`, generic in its hyperparameters.

    Registered in the entry-point group ``matdata.trainers``.

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
    #: Kinds of targets that it learns from themselves, through a code of few numbers, as
    #: autoencoders do; for all others an input that the target is computed from is refused.
    encodes: ClassVar[tuple[Task, ...]] = ()
    #: Whether targets of one run may be of several kinds, such as numbers beside classes.
    mixes_tasks: ClassVar[bool] = False
    #: Defaults of the training loop's settings (`epochs`, `batch_size`, `lr`, `loss`, …) that
    #: differ from the core's.
    defaults: ClassVar[Mapping[str, object]] = {}
    #: What differs from them, by the value of the hyperparameter ``preset``.
    schedules: ClassVar[Mapping[str, Mapping[str, object]]] = {}

    def __init__(self, hypers: H_co | None = None) -> None:
        #: The hyperparameters that it was made with.
        self.hypers: H_co = cast(H_co, self.Hypers()) if hypers is None else hypers

    @classmethod
    def learns(cls, task: Task) -> bool:
        """Whether it can learn a kind of target."""
        return task in cls.tasks

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

    @classmethod
    def trains_like(cls, version: str, hypers: Mapping[str, object]) -> bool:
        """Whether another version of this plugin trained such a model as this one would today.

        A version that changes some models only says so here, so that results of the others are
        not taken for outdated ones. Runs are opened by `upgrade` alone.

        Parameters
        ----------
        version
            The other version.
        hypers
            Hyperparameters of a training with it; those that it left alone may be missing.

        Returns
        -------
        bool
            False, as here, if it is not known.
        """
        return False

    @abstractmethod
    def inputs(self) -> tuple[str, ...]:
        """Specs of the features that the model reads with these hyperparameters."""

    def input_settings(self) -> Mapping[str, Mapping[str, object]]:
        """Settings that an input must have been built with, by spec; none by default."""
        return {}

    def loop_defaults(self) -> Mapping[str, object]:
        """Defaults of the training loop: `defaults`, then what the preset has in `schedules`."""
        return {**self.defaults, **self.schedules.get(getattr(self.hypers, "preset", ""), {})}


class TorchTrainer(Trainer[H_co]):
    """A plugin whose network the core's loop trains."""

    #: Whether members of an ensemble can be trained as one network with stacked weights
    #: (`torch.func.vmap`): no BatchNorm, no branches on values that depend on weights.
    vmap: ClassVar[bool] = True
    mixes_tasks: ClassVar[bool] = True

    @classmethod
    def learns(cls, task: Task) -> bool:
        """A network that learns classes learns whatever else is read from its outputs."""
        logits = task != "regression" and "classification" in cls.tasks
        return logits or super().learns(task)

    @abstractmethod
    def model(self, schema: Schema) -> nn.Module:
        """A network that maps a `Batch` to (b, schema.outputs) float32.

        Or to one tensor (b, width) per target, by its name, each laid out as its head declares.
        """

    def embeddings(self, network: nn.Module, batch: Batch) -> Tensor:
        """Embeddings of the materials of a batch, (b, d): what the last layers of a network read.

        The network's own ``embeddings(batch)`` where it has one; else the rows, one per material,
        that the module reads whose output the network returns, such as `matdata.nn.OutputHeads`. A
        plugin redefines it for networks of which neither holds.

        Parameters
        ----------
        network
            Of `model`, in evaluation mode.
        batch
            Of any materials, with the inputs that the network reads.

        Raises
        ------
        PluginError
            If the network has no embedding.
        """
        from matdata.training.readout import embeddings_of

        return embeddings_of(network, batch)


class FitTrainer(Trainer[H_co]):
    """A plugin with a fit of its own, such as a random forest."""

    @abstractmethod
    def fit(self, train: Samples, valid: Samples | None, schema: Schema, seed: int) -> None:
        """Fit to `train`; `valid` may choose when to stop, and is None if there is none."""

    @abstractmethod
    def predict(self, samples: Samples) -> Members:
        """Predict, normalised as what was fitted; a random forest returns its trees as members."""

    @abstractmethod
    def state(self) -> Mapping[str, npt.NDArray[np.generic]]:
        """All that was learnt, as named arrays, which the core writes to the run folder."""

    @abstractmethod
    def load_state(self, state: Mapping[str, npt.NDArray[np.generic]], schema: Schema) -> None:
        """Take over what `state` returned."""
