"""What ``import matdata`` offers; authors of plugins find more in `matdata.plugin`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from matdata.core.cache import cache_dir
from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals, Ragged
from matdata.core.errors import (
    ConfigError,
    CurationError,
    DamageError,
    DeviceError,
    FeatureError,
    IncompleteError,
    MatdataError,
    MatdataWarning,
    PluginError,
    SourceError,
    SplitError,
    StoreError,
    StructureError,
    TrainError,
)
from matdata.core.given import require_given
from matdata.core.ledger import Reject
from matdata.datasets.dataset import Dataset
from matdata.evaluation.workflow import evaluate, predict
from matdata.features import FEATURIZERS
from matdata.features.feature import Feature
from matdata.materials.compute import Computed, compute
from matdata.store.catalogue import find_dataset
from matdata.training.axis import Axis
from matdata.training.target import Target
from matdata.training.workflow import open_run, train

if TYPE_CHECKING:
    from matdata.core.executors import Executor
    from matdata.datasets.sklearn import FeatureTransformer

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
    "repair",
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
    source: str | Path | None = None,
    *,
    cache: str | Path | None = None,
    config: str | Path | None = None,
    columns: Mapping[str, object] | None = None,
    file: str | Path | None = None,
    query: Mapping[str, object] | None = None,
    executor: Executor | None = None,
    **options: object,
) -> Dataset:
    """Build a dataset, as ``matdata build`` does.

    Parameters
    ----------
    source
        ``sample``, ``mp``, ``jarvis:dft_3d``, … or a path.
    cache
        Cache folder.
    config
        A configuration file, as ``--config`` takes it; what is given here wins.
    columns
        What columns mean: ``id_col``, ``structure_col``, ``formula_col``, ``energy``, ``targets``.
    file, query
        A file saved from the source (``--from``); what it is asked for.
    executor
        Runs the tasks: an open `concurrent.futures.Executor`, or one like it (`Executor` of
        `matdata.plugin`), which is left open. ``workers`` says how many tasks it runs at once.
        Threads and processes of this machine if not given, with the same results.
    options
        Fields of `matdata.building.options.BuildOptions` (``features``, ``seed``, …; lists also as
        text with commas), settings of curation (``dedupe``, ``symmetry``, ``sites_below``, …),
        ``limit`` (at most so many records) and ``snapshot`` (version of a kept one).

    Raises
    ------
    MatdataError
        As ``matdata build``; `ConfigError` for an unknown option or a number below one, or for
        what is no executor.
    """
    from matdata.building import pipeline
    from matdata.building.arguments import BUILD_OPTIONS, canonical
    from matdata.building.config import BuildConfig
    from matdata.core.options import overlay
    from matdata.sources import find_source
    from matdata.store.config_file import read_config

    own = {"source": source, "cache": cache, "columns": columns, "file": file, "query": query}
    given = {**{name: value for name, value in own.items() if value is not None}, **options}
    if config is not None:
        given = overlay(canonical(read_config(config, BUILD_OPTIONS)), given)
    chosen, home = BuildConfig.of(given), cache_dir(cast("str | Path | None", given.get("cache")))
    reader = find_source(chosen.source, chosen.request(home))
    built = pipeline.build(reader, home, chosen.options, executor=executor)
    return Dataset(built.dataset.folder, home)


def repair(ref: str, cache: str | Path | None = None) -> list[str]:
    """Make again what is damaged of a dataset, its splits and its features.

    Every byte of them is compared with its digest; what is whole is left alone.

    Parameters
    ----------
    ref, cache
        As `open`.

    Returns
    -------
    list of str
        Names of what was damaged.

    Raises
    ------
    DamageError
        If something cannot be made again, with the command that can.
    """
    from matdata.building import repair as repairs

    return repairs.repair(cache_dir(cache), require_given(ref, "the dataset"))


def transformer(spec: str, **settings: object) -> FeatureTransformer:
    """The same as a scikit-learn transformer: one row per material."""
    from matdata.datasets.sklearn import FeatureTransformer

    return FeatureTransformer(spec, settings)


def features_known() -> list[str]:
    """Names of all features, those of plugins included."""
    return FEATURIZERS.names()
