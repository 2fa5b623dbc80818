"""A plugin with its data, its networks and its optimizer on a device, ready to take steps."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch

from gpu.crystals import NAME, TARGET, Place
from gpu.record import PLUGINS, Skip
from matdata.core.errors import FeatureError, MatdataError
from matdata.features import featurizer
from matdata.load.loader import Loader
from matdata.training import TRAINERS, trainer
from matdata.training.contract import TorchTrainer, Trainer
from matdata.training.data import View, fit_normalizer, loader_for
from matdata.training.engine import Engine, Recipe, SeparateEngine
from matdata.training.members import build_models
from matdata.training.objectives.choice import objectives_of
from matdata.training.objectives.combined import Objectives
from matdata.training.plan import Question, ask
from matdata.training.process_state import process_state
from matdata.training.request import Request
from matdata.training.stacked import StackedEngine

#: Hyperparameters of a rehearsal; those that a plugin has not are left out.
SMALL: dict[str, Any] = {
    **{"width": 16, "layers": 1, "hidden": 16, "gates": 16, "trunk": "16", "output": "16"},
    **{"feedforward": 16, "filters": 16, "blocks": 1, "dense": "32,16", "pool": 16, "encoder": 16},
    **{"functions": "16,8", "output_hidden": 16, "resolution": 100},
}
#: Those of single plugins, where the names mean other things.
OWN: dict[str, dict[str, Any]] = {
    "alignn": {"width": 16, "embedding": 8, "alignn_layers": 1, "gcn_layers": 1},
    "cgcnn": {"width": 16, "layers": 1, "hidden": 16},
    "geocgnn": {"channels": 16, "blocks": 1, "gaussians": 8, "mesh": 2},
    "megnet": {"dense": [16, 8], "convolution": [16, 8], "output": [8], "blocks": 1},
    "ogcnn": {"encoder": 16, "hidden": 16, "layers": 1, "output_hidden": 16},
    "crabnet": {"width": 16, "layers": 1, "feedforward": 16, "hidden": "16", "resolution": 100},
    "schnet": {"channels": 16, "filters": 16, "interactions": 1},
    "wren": {"layers": 1, "gates": 16, "hidden": 16, "trunk": "16", "output": "16"},
    "rescnn": {"filters": "8,8,8,8", "dense": "16,16,16,8"},
    "finder": {"width": 16, "layers": 1, "functions": "16,8", "pool": 16, "dense": "16,16,16,8"},
    "elemnet": {"layers": "16,16", "dropout": "0"},
    "ocrystalnet": {"hidden": 16},
    "quotient": {"width": 16, "update": 16, "layers": 1, "hidden": 16},
}
#: Plugins of a rehearsal, where all of them would take long.
REHEARSED = ("cgcnn", "elemnet", "roost")
#: What draws numbers in a step, switched off where two devices are compared.
DRAWN = {"dropout": 0.0, "jitter": 0.0}


def plugins() -> dict[str, str]:
    """Trainers that are registered, and why one is not used here; empty for those that are."""
    actual = {}
    for name in TRAINERS.names():
        try:
            actual[name] = _why_unused(TRAINERS.get(name))
        except MatdataError as error:
            actual[name] = error.what
    return actual


def _why_unused(plugin: type[Trainer]) -> str:
    if not issubclass(plugin, TorchTrainer):
        return "it has a fit of its own, on the CPU"
    if any("columns" in featurizer(spec).requires for spec in plugin().inputs()):
        return "it reads columns that crystals do not have"
    return ""


def networks() -> list[str]:
    """Names of the plugins at hand that train a network, of those that the run is about."""
    chosen = [name for name in os.environ.get(PLUGINS, "").split(",") if name]
    trained = [name for name, reason in plugins().items() if not reason]
    return [name for name in trained if not chosen or name in chosen]


def few(names: list[str], rehearsal: bool) -> list[str]:
    """All names, or in a rehearsal one of formulas, one of crystals, and the smallest."""
    return [name for name in names if not rehearsal or name in REHEARSED]


def hypers_of(name: str, rehearsal: bool, undrawn: bool = False) -> dict[str, Any]:
    """Hyperparameters: the plugin's own, but small in a rehearsal, and without drawn numbers."""
    known = {field.name for field in dataclasses.fields(TRAINERS.get(name).Hypers)}
    chosen = OWN.get(name, SMALL) if rehearsal else {}
    chosen = {key: value for key, value in chosen.items() if key in known}
    if undrawn:
        chosen |= {key: value for key, value in DRAWN.items() if key in known}
    if undrawn and name == "elemnet":
        chosen["dropout"] = ",".join(["0"] * 4)
    return chosen


class Trial:
    """A plugin on a device.

    Parameters
    ----------
    place
        The dataset.
    name
        Of the plugin.
    device
        Where it is.
    hypers, settings
        Of the network and of the loop.
    members
        Of the ensemble.
    """

    def __init__(
        self,
        place: Place,
        name: str,
        device: str,
        hypers: Mapping[str, Any] | None = None,
        members: int = 1,
        **settings: Any,
    ) -> None:
        chosen = {
            **{"epochs": 1, "tensorboard": False, "device": device, "ensemble": members},
            **({"batch_size": 8} if place.rehearsal else {}),
            **settings,
        }
        given = hypers_of(name, place.rehearsal) if hypers is None else hypers
        request = Request(name, NAME, (TARGET,), hypers=given, settings=chosen)
        try:
            self.question: Question = ask(request, place.cache)
        except FeatureError as error:  # of a feature that could not be made here
            raise Skip(error.what) from error
        self.settings = self.question.settings
        self.device = torch.device(device)
        assert isinstance(self.question.trainer, TorchTrainer)
        self.plugin: TorchTrainer[Any] = self.question.trainer
        self.schema = self.question.schema
        ids = np.concatenate([self.question.train, self.question.valid])
        asked = self.question
        self._view = View.sealed(asked.dataset, asked.features, asked.targets, ids)
        self._normalizer = fit_normalizer(self._view, asked.train, asked.targets, self.settings)
        objectives = Objectives(objectives_of(asked.targets, self.settings))
        self.recipe = Recipe(self.settings, objectives, self.device)

    def running(self) -> AbstractContextManager[None]:
        """What a training sets for its process."""
        return process_state(self.settings, self.device)

    def loader(self, shuffle: bool = True) -> Loader:
        """Batches of the training part."""
        return loader_for(
            self._view,
            self.question.train,
            self.question.targets,
            self.settings,
            shuffle=shuffle,
            device=self.device,
            normalizer=self._normalizer,
        )

    def models(self) -> list[torch.nn.Module]:
        """The networks, drawn with the seed, the same on every device."""
        settings = self.settings
        return build_models(self.plugin, self.schema, settings.seed, settings.ensemble, self.device)

    def engine(self, stacked: bool = False) -> Engine:
        """The networks with their optimizers."""
        kind = StackedEngine if stacked else SeparateEngine
        return kind(self.models(), self.recipe)


def wait(device: torch.device | str) -> None:
    """Until a device is done."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)


def inputs_of(names: list[str]) -> list[tuple[str, Mapping[str, Any]]]:
    """What plugins read, each feature with its settings once."""
    actual: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for name in names:
        made = trainer(name)
        wanted = made.input_settings()
        for spec in made.inputs():
            settings = dict(wanted.get(spec, {}))
            actual[f"{spec} {sorted(settings.items())}"] = (spec, settings)
    return list(actual.values())
