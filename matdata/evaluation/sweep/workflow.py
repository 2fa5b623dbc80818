"""Searches for hyperparameters from Python; nothing heavy is imported before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from matdata.core.cache import cache_dir
from matdata.core.console import SILENT, Console
from matdata.core.documents import JsonMapping
from matdata.core.keywords import with_keywords
from matdata.core.packages import require_package
from matdata.evaluation.sweep.keywords import SweepKeywords
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.workflow import TargetGiven, asked_fields

if TYPE_CHECKING:
    from matdata.evaluation.sweep.sweep import Sweep


@with_keywords(SweepKeywords)
def sweep(
    plugin: str | None = None,
    dataset: str | DatasetFolder | None = None,
    target: TargetGiven | Sequence[TargetGiven] | None = None,
    *,
    config: str | Path | None = None,
    quiet: bool = False,
    **options: Unpack[SweepKeywords],
) -> Sweep:
    """Search for hyperparameters by the validation score, as ``matdata sweep`` does.

    Each trial is an ordinary run, ``<name>-trial000``, …; no test part is opened. The same call
    reads the trials that are finished and goes on with a search that was stopped.

    Parameters
    ----------
    plugin, dataset, target, config, quiet
        As of `train`; one target.
    options
        The options of `train` that all trials have in common, ``space`` and ``trials``.

    Raises
    ------
    MatdataError
        As ``matdata sweep``; `ConfigError` if the space has an unknown key.

    Examples
    --------
    >>> found = md.sweep("roost", ds, "band_gap", space="sweep.toml", trials=30, epochs=50)
    >>> found.best.values
    """
    from matdata.evaluation.sweep.arguments import SWEEP_OPTIONS, canonical

    fields = asked_fields(plugin, dataset, target, config, {**options}, SWEEP_OPTIONS, canonical)
    return sweep_as_asked(fields, SILENT if quiet else Console())


def sweep_as_asked(fields: JsonMapping, console: Console) -> Sweep:
    """Carry out the search that the fields of a request ask for.

    Raises
    ------
    MatdataError
        As `matdata.evaluation.sweep.sweep.sweep`.
    """
    require_package("torch", "training and predicting")
    require_package("optuna", "a search for hyperparameters")
    from matdata.evaluation.sweep.arguments import own_of
    from matdata.evaluation.sweep.space import read_space
    from matdata.evaluation.sweep.sweep import sweep as search
    from matdata.training import TRAINERS
    from matdata.training.arguments import request_of

    path, trials = own_of(fields)
    request = request_of(fields)
    space = read_space(path, TRAINERS.get(request.plugin))
    name = fields.get("name") or f"{request.plugin}-sweep"
    return search(request, space, trials, cache_dir(fields.get("cache")), name, console)
