"""The trainer contract, the one training loop, ensembles, checkpoints and predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from matdata.core.errors import ConfigError, PluginError
from matdata.core.registry import Registry

if TYPE_CHECKING:
    from matdata.training.contract import Trainer
    from matdata.training.importer import Importer

#: Trainers come from plugins alone; the core names none.
TRAINERS: Registry[type[Trainer]] = Registry(
    "trainer",
    "matdata.trainers",
    {},
    PluginError,
    base="matdata.training.contract:Trainer",
    needs=("version", "citation", "summary"),
    more='pip install "matdata[models]" installs those of matdata',
)

#: Readers of weights that other packages published; they come from plugins alone, too.
IMPORTERS: Registry[type[Importer]] = Registry(
    "importer",
    "matdata.importers",
    {},
    ConfigError,
    base="matdata.training.importer:Importer",
    needs=("summary",),
    more='pip install "matdata[models]" installs those of matdata',
)


def trainer(
    name: str, hypers: Mapping[str, object] | None = None, version: str | None = None
) -> Trainer:
    """Make a trainer from its name and hyperparameters.

    Parameters
    ----------
    name
        Name in the registry.
    hypers
        Values for its hypers; unknown keys are refused.
    version
        Tells plugins of one name apart: a run is served by the one that trained it.

    Raises
    ------
    PluginError
        If there is no such trainer, with the closest known name, or its plugin is broken.
    ConfigError
        If a hyper is unknown or has the wrong type.
    """
    factory = TRAINERS.get(name, version)
    made: Trainer = factory(factory.Hypers.from_mapping(dict(hypers or {})))
    return made
