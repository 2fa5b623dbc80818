"""Training, predicting and evaluating from Python; nothing heavy is imported before it is used."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matdata.core.cache import cache_dir
from matdata.core.console import SILENT, Console
from matdata.core.errors import MatdataWarning
from matdata.core.given import require_given
from matdata.store.dataset_folder import DatasetFolder

if TYPE_CHECKING:
    from matdata.training.prediction import Predictions
    from matdata.training.run import Run


def train(
    plugin: str | None = None,
    dataset: str | DatasetFolder | None = None,
    target: str | Sequence[str] | None = None,
    *,
    config: str | Path | None = None,
    split: str | None = None,
    name: str | None = None,
    cache: str | Path | None = None,
    hypers: Mapping[str, Any] | None = None,
    verbose: bool = True,
    from_run: str | None = None,
    freeze: Sequence[str] | None = None,
    reinit: Sequence[str] | None = None,
    keep_normalizer: bool | None = None,
    task: Any = None,
    **settings: Any,
) -> Run:
    """Train a plugin on a dataset, as ``matdata train`` does; goes on with what was stopped.

    Parameters
    ----------
    plugin
        Name of an installed trainer (``matdata plugins``).
    dataset
        Reference of a dataset, or an open one.
    target
        Column of its table, or several.
    config
        A configuration file, as ``--config`` takes it; what is given here wins.
    split
        A saved split with train and validation; the only one if not given.
    name
        Name of the run.
    cache
        Cache folder; that of an open dataset if one is given.
    hypers
        The plugin's own settings.
    verbose
        Print each epoch.
    from_run, freeze, reinit
        Warm start: a run whose weights are taken over, patterns of those that stay as they are,
        and of those that are not taken over.
    keep_normalizer
        Normalise targets as that run did, not by this training part.
    task
        ``regression`` or ``classification``; told from the column if not given.
    settings
        Fields of `matdata.training.settings.TrainSettings`.

    Raises
    ------
    MatdataError
        As ``matdata train``; `ConfigError` if plugin, dataset or target is named nowhere.
    """
    from matdata.training.arguments import fields_of_file, request_of
    from matdata.training.train import train as run_training

    own = {
        "plugin": plugin,
        "dataset": dataset.ref if isinstance(dataset, DatasetFolder) else dataset,
        "targets": target,
        "split": split,
        "name": name,
        "cache": cache if cache is not None else getattr(dataset, "cache", None),
        "task": task,
        "from_run": from_run,
        "freeze": freeze,
        "reinit": reinit,
        "keep_normalizer": keep_normalizer,
    }
    given = {field: value for field, value in own.items() if value is not None}
    given |= {"hypers": dict(hypers or {}), "settings": settings}
    fields = given if config is None else fields_of_file(config, given)
    home, console = cache_dir(fields.get("cache")), Console() if verbose else SILENT
    return run_training(request_of(fields), home, fields.get("name"), console)


def open_run(name: str, cache: str | Path | None = None) -> Run:
    """A run of the cache by its name."""
    from matdata.training.run import find_run

    return find_run(cache_dir(cache), require_given(name, "the run"))


def predict(run: Run, what: Any, **settings: Any) -> Predictions:
    """What a run says about a dataset, structures or formulas, as ``matdata predict`` does.

    Parameters
    ----------
    run
        Of `train` or `open_run`.
    what
        An open dataset; or structures and compositions of pymatgen, ASE atoms, formulas, paths of
        files, one or several, in a list, a mapping of names, a series, or a table with a column
        of them; `Crystals` or `Compositions`.
    settings
        Other settings of the loop (``device``, ``batch_size``).

    Returns
    -------
    Predictions
        In the order and under the names of what was given. Materials without a prediction are in
        ``rejects``, each with its reason, and warned of (`MatdataWarning`).
    """
    from matdata.training.memory_features import predict_memory
    from matdata.training.predict import predict_dataset

    if isinstance(what, DatasetFolder):
        found = predict_dataset(run, what, settings=settings)
    else:
        found = predict_memory(run, what, settings=settings)
    if found.rejects:
        first = found.rejects[0]
        warnings.warn(
            f"{len(found.rejects):,} of {len(found.rejects) + len(found):,} materials have no "
            f"prediction; the first is {first.material_id[:60]}: {first.reason}: {first.message}",
            MatdataWarning,
            stacklevel=2,
        )
    return found


def evaluate(run: Run, **settings: Any) -> dict[str, Any]:
    """Open the test part of a run's split, once, and score the run; later calls read the record."""
    from matdata.evaluation.score import evaluate_run

    return evaluate_run(run, settings)
