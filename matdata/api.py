"""What ``import matdata`` offers; authors of plugins find more in `matdata.plugin`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matdata.core.cache import cache_dir
from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals, Ragged
from matdata.core.errors import (
    ConfigError,
    CurationError,
    FeatureError,
    MatdataError,
    MatdataWarning,
    PluginError,
    SourceError,
    SplitError,
    StoreError,
    StructureError,
    TrainError,
)
from matdata.core.given import path_of, require_given
from matdata.core.ledger import Reject
from matdata.datasets.dataset import Dataset
from matdata.evaluation.workflow import evaluate, open_run, predict, train
from matdata.features import FEATURIZERS
from matdata.features.feature import Feature
from matdata.materials.compute import Computed, compute
from matdata.store.catalogue import find_dataset
from matdata.training.axis import Axis
from matdata.training.contract import Target

if TYPE_CHECKING:
    from matdata.datasets.sklearn import FeatureTransformer

__all__ = [
    "Axis",
    "Compositions",
    "Computed",
    "ConfigError",
    "Crystals",
    "CurationError",
    "Dataset",
    "Feature",
    "FeatureError",
    "MatdataError",
    "MatdataWarning",
    "PluginError",
    "Ragged",
    "Reject",
    "SourceError",
    "SplitError",
    "StoreError",
    "StructureError",
    "Target",
    "TrainError",
    "build",
    "compute",
    "evaluate",
    "features_known",
    "open",
    "open_run",
    "predict",
    "train",
    "transformer",
]


def open(ref: str, cache: str | Path | None = None) -> Dataset:
    """Open a dataset.

    Parameters
    ----------
    ref
        ``name`` for the version that was built last (also one that was there already), or
        ``name@version-digest8``.
    cache
        Cache folder; ``$MATDATA_CACHE``, a checkout's ``cache/`` or the user's if not given.

    Raises
    ------
    StoreError
        If there is no such dataset, with those there are.
    """
    home = cache_dir(cache)
    return Dataset(find_dataset(home, require_given(ref, "the dataset")).folder, home)


def build(
    source: str | Path,
    *,
    features: Sequence[str] | str = (),
    cache: str | Path | None = None,
    limit: int | None = None,
    seed: int = 0,
    columns: Mapping[str, object] | None = None,
    file: str | Path | None = None,
    query: Mapping[str, str] | None = None,
    snapshot: str | None = None,
    **options: object,
) -> Dataset:
    """Build a dataset, as ``matdata build`` does.

    Parameters
    ----------
    source
        ``sample``, ``mp``, ``jarvis:dft_3d``, … or a path.
    features
        Features to compute; a list, or names separated by commas.
    cache, limit, seed
        Cache folder; at most so many records; seed of drawn records and of the split.
    columns
        What columns mean: ``id_col``, ``structure_col``, ``formula_col``, ``energy``, ``targets``.
    file, query, snapshot
        A file saved from the source (``--from``); what it is asked for; a kept snapshot's version.
    options
        Fields of `matdata.building.options.BuildOptions`, and settings of curation (``dedupe``,
        ``symmetry``, ``sites_below``, …).

    Raises
    ------
    MatdataError
        As ``matdata build``; `ConfigError` for an unknown option or a number below one.
    """
    from matdata.building import pipeline
    from matdata.building.options import options_of
    from matdata.sources import base, find_source, roles

    chosen = options_of({"features": features, "seed": seed, **options}, limit)
    home = cache_dir(cache)
    read = roles.ReadOptions.from_mapping(columns or {})
    saved = None if file is None else path_of(file, "the file")
    request = base.Request("", limit, seed, read, saved, home, query or {}, snapshot)
    built = pipeline.build(find_source(str(source), request), home, chosen)
    return Dataset(built.dataset.folder, home)


def transformer(spec: str, **settings: object) -> FeatureTransformer:
    """The same as a scikit-learn transformer: one row a material."""
    from matdata.datasets.sklearn import FeatureTransformer

    return FeatureTransformer(spec, settings)


def features_known() -> list[str]:
    """Names of all features, those of plugins included."""
    return FEATURIZERS.names()
