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
    plugin: str,
    dataset: str | DatasetFolder,
    target: str | Sequence[str],
    *,
    split: str | None = None,
    name: str | None = None,
    cache: str | Path | None = None,
    hypers: Mapping[str, Any] | None = None,
    verbose: bool = True,
    from_run: str | None = None,
    freeze: Sequence[str] = (),
    reinit: Sequence[str] = (),
    keep_normalizer: bool = False,
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
        Column of its table or expression over columns (``log10(k_vrh)``, ``band_gap > 0``;
        `matdata.core.expressions.grammar`), or several.
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
    """
    from matdata.training.request import Request
    from matdata.training.train import train as run_training

    home = getattr(dataset, "cache", None) if cache is None else None
    request = Request(
        plugin=plugin,
        dataset=dataset if isinstance(dataset, str) else dataset.ref,
        targets=(target,) if isinstance(target, str) else tuple(target),
        split=split,
        hypers=dict(hypers or {}),
        settings=settings,
        task=task,
        from_run=from_run,
        freeze=tuple(freeze),
        reinit=tuple(reinit),
        keep_normalizer=keep_normalizer,
    )
    return run_training(request, home or cache_dir(cache), name, Console() if verbose else SILENT)


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
