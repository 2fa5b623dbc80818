"""matdata: curated, split, featurized and verified crystal datasets.

Importing this package imports nothing else; each name is fetched from `matdata.api` when it is
first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from matdata.api import *  # noqa: F403

# The names of `matdata.api`, written out so that looking one up need not import it.
__all__ = [
    "Axis",
    "Compositions",
    "Computed",
    "ConfigError",
    "Crystals",
    "CurationError",
    "DamageError",
    "Dataset",
    "DeviceError",
    "Feature",
    "FeatureError",
    "IncompleteError",
    "MatdataError",
    "MatdataWarning",
    "PluginError",
    "Ragged",
    "Reject",
    "SourceError",
    "Split",
    "SplitError",
    "StoreError",
    "StructureError",
    "Target",
    "TrainError",
    "audit",
    "build",
    "card",
    "compute",
    "curve",
    "data_module",
    "diff",
    "discover",
    "embed",
    "evaluate",
    "evaluate_folds",
    "export",
    "features_known",
    "featurize",
    "gc",
    "hull",
    "import_",
    "import_run",
    "nearest",
    "open",
    "open_run",
    "predict",
    "pull",
    "push",
    "pyg_loader",
    "repair",
    "report",
    "rm",
    "runs",
    "screen",
    "split",
    "substitute",
    "substitution_matrix",
    "sweep",
    "train",
    "train_folds",
    "transformer",
    "verify",
    "work",
]


if not TYPE_CHECKING:  # a type checker would take any name for one of this module

    def __getattr__(name: str) -> object:
        if name in __all__:
            return getattr(import_module("matdata.api"), name)
        raise AttributeError(f"module 'matdata' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
