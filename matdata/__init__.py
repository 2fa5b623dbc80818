"""matdata: curated, split, featurized and verified crystal datasets.

Importing this package imports nothing else; each name is fetched from `matdata.api` when it is
first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from matdata.api import *  # noqa: F403

# The names of `matdata.api`, written out so that looking one up need not import it.
__all__ = [
    "Block",
    "Column",
    "Compositions",
    "Computed",
    "ConfigError",
    "Crystals",
    "CurationError",
    "Dataset",
    "Dense",
    "Feature",
    "FeatureError",
    "Featurizer",
    "Field",
    "FitTrainer",
    "MatdataError",
    "MatdataWarning",
    "Members",
    "PluginError",
    "Ragged",
    "Reject",
    "Samples",
    "SavedModel",
    "Schema",
    "Settings",
    "SourceError",
    "SplitError",
    "StoreError",
    "StructureError",
    "Target",
    "TorchTrainer",
    "TrainError",
    "Trainer",
    "atomic_masses",
    "build",
    "compute",
    "evaluate",
    "features_known",
    "open",
    "open_run",
    "predict",
    "setting",
    "train",
    "transformer",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("matdata.api"), name)
    raise AttributeError(f"module 'matdata' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
