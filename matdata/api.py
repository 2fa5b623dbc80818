"""What ``import matdata`` offers; authors of plugins find more in `matdata.plugin`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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
from matdata.core.given import require_name
from matdata.core.ledger import Reject
from matdata.core.packages import needed_for
from matdata.datasets.building import build, featurize, work
from matdata.datasets.carding import card
from matdata.datasets.dataset import Dataset
from matdata.datasets.opening import open
from matdata.datasets.reporting import report
from matdata.datasets.stability import hull
from matdata.datasets.substituting import substitute, substitution_matrix
from matdata.datasets.workflow import audit, diff, export, split
from matdata.evaluation.curve_workflow import curve
from matdata.evaluation.discovery.workflow import discover
from matdata.evaluation.screening.workflow import screen
from matdata.evaluation.similarity.workflow import embed, nearest
from matdata.evaluation.sweep.workflow import sweep
from matdata.evaluation.workflow import evaluate, evaluate_folds, predict, runs
from matdata.features import FEATURIZERS
from matdata.features.feature import Feature
from matdata.housekeeping.workflow import gc, rm
from matdata.materials.compute import Computed, compute
from matdata.sharing.workflow import import_, pull, push
from matdata.splits.base import Split
from matdata.training.axis import Axis
from matdata.training.import_workflow import import_run
from matdata.training.target import Target
from matdata.training.workflow import open_run, train, train_folds

if TYPE_CHECKING:
    from lightning import LightningDataModule

    from matdata.checks.report import Report
    from matdata.datasets.sklearn import FeatureTransformer
    from matdata.load.integrations.pyg import PygLoader
    from matdata.load.loader import Loader
    from matdata.load.loaders import Loaders

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


def verify(
    dataset: Dataset | str | None = None,
    *,
    scheduler: str | None = None,
    cache: str | Path | None = None,
) -> Report:
    """Reread every byte of a cache, or of one dataset, as ``matdata verify`` does.

    Parameters
    ----------
    dataset
        The reference of a dataset, or an open one; the whole cache if not given.
    cache
        Cache folder; that of an open dataset if one is given.
    scheduler
        Where files are reread, as ``--scheduler`` takes it; threads of this machine if not given.

    Returns
    -------
    Report
        ``faults`` is empty where all is well.

    Raises
    ------
    StoreError
        If there is no such dataset, or its manifest is damaged.

    Examples
    --------
    >>> md.verify("mine").faults
    []
    """
    from matdata.checks.cache import verify as verify_cache

    if dataset is None:
        return verify_cache(cache_dir(cache), None, scheduler)
    return verify_cache(*_place(dataset, cache), scheduler)


def repair(dataset: Dataset | str, cache: str | Path | None = None) -> list[str]:
    """Make again what is damaged of a dataset, its splits and its features.

    Every byte of them is compared with its digest; what is whole is left alone.

    Parameters
    ----------
    dataset
        A reference, as `open` takes it, or an open dataset, whose cache is taken then.
    cache
        Cache folder.

    Returns
    -------
    list of str
        Names of what was damaged.

    Raises
    ------
    DamageError
        If something cannot be made again, with the command that can.

    Examples
    --------
    >>> md.repair("mine")
    []
    """
    from matdata.building import repair as repairs

    return repairs.repair(*_place(dataset, cache))


def _place(dataset: Dataset | str, cache: str | Path | None) -> tuple[Path, str]:
    """Cache and reference of a dataset, without opening it: it may be damaged."""
    if isinstance(dataset, Dataset):
        return dataset.cache, dataset.ref
    return cache_dir(cache), require_name(dataset, "the dataset")


def transformer(spec: str, **settings: object) -> FeatureTransformer:
    """A feature as a scikit-learn transformer: one row per material.

    Parameters
    ----------
    spec
        Feature name.
    settings
        Settings of the featurizer.

    Examples
    --------
    >>> make_pipeline(md.transformer("magpie"), RandomForestRegressor()).fit(formulas, y)
    """
    with needed_for("transformers of scikit-learn"):
        from matdata.datasets.sklearn import FeatureTransformer

    return FeatureTransformer(spec, settings)


def pyg_loader(loader: Loader, spec: str = "graph") -> PygLoader:
    """A loader that yields batches of PyTorch Geometric.

    Parameters
    ----------
    loader
        One of ``ds.loaders(…)``, with crystal graphs among its inputs.
    spec
        Which input they are.

    Returns
    -------
    PygLoader
        Of as many batches. Each is a `torch_geometric.data.Batch`: ``z`` (N,), ``frac_coords``
        (N, 3), ``edge_index`` (2, E) from sender to receiver, ``distance`` (E,) in Å, ``image``
        (E, 3), ``y`` and ``y_mask`` (b, t), ``material_id`` (list of str), ``batch`` (N,), ``ptr``
        (b + 1,).

    Raises
    ------
    ConfigError
        If PyTorch Geometric is missing; at the first batch if the input is no graph.

    Examples
    --------
    >>> train, val, test = ds.loaders(split="main", inputs=["graph"], target="gap")
    >>> for batch in md.pyg_loader(train): ...
    """
    from matdata.load.integrations.pyg import PygLoader

    return PygLoader(loader, spec)


def data_module(loaders: Loaders) -> LightningDataModule:
    """The loaders of a split as a `LightningDataModule`, whose checkpoints keep their state.

    Loaders of the trainer's device copy fastest; Lightning's own sampler must stay off
    (``Trainer(use_distributed_sampler=False)``), loaders take ``rank`` and ``world_size``.

    Parameters
    ----------
    loaders
        What ``ds.loaders(…)`` gives.

    Raises
    ------
    ConfigError
        If Lightning is missing.

    Examples
    --------
    >>> Trainer(use_distributed_sampler=False).fit(model, md.data_module(loaders))
    """
    from matdata.load.integrations import lightning

    return lightning.data_module(loaders)


def features_known() -> list[str]:
    """Names of all features, those of plugins included."""
    return FEATURIZERS.names()
