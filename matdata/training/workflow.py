"""Training from Python; nothing heavy is imported before it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from matdata.core.cache import cache_dir
from matdata.core.console import SILENT, Console
from matdata.core.errors import ConfigError
from matdata.core.given import require_given
from matdata.core.options import Values
from matdata.core.packages import need_torch
from matdata.store.dataset_folder import DatasetFolder

if TYPE_CHECKING:
    from matdata.training.run import Run
    from matdata.training.target import Target, Task
    from matdata.training.target_request import TargetRequest

#: A column, a target, or a mapping that describes one.
TargetGiven: TypeAlias = "str | Target | Mapping[str, Any]"


def train(
    plugin: str | None = None,
    dataset: str | DatasetFolder | None = None,
    target: TargetGiven | Sequence[TargetGiven] | None = None,
    *,
    config: str | Path | None = None,
    split: str | None = None,
    name: str | None = None,
    cache: str | Path | None = None,
    hypers: Mapping[str, object] | None = None,
    verbose: bool = True,
    from_run: str | None = None,
    freeze: Sequence[str] | None = None,
    reinit: Sequence[str] | None = None,
    keep_normalizer: bool | None = None,
    task: Task | None = None,
    **settings: object,
) -> Run:
    """Train a plugin on a dataset, as ``matdata train`` does; resumes a stopped training.

    Parameters
    ----------
    plugin
        Name of an installed trainer (``matdata plugins``).
    dataset
        Reference of a dataset, or an open one.
    target
        Column of its table or expression over columns (``log10(k_vrh)``, ``band_gap > 0``;
        `matdata.core.expressions.grammar`), or several; a `Target`, or a mapping such as
        ``{"name": "epsilon", "axis": "energy", "objective": "l1"}``, describes one further.
    config
        A configuration file, as ``--config`` takes it; what is given here wins.
    split
        A saved split with train and validation; the only one if not given.
    name
        Name of the run.
    cache
        Cache folder; that of an open dataset if one is given.
    hypers
        Hyperparameters of the plugin.
    verbose
        Print each epoch.
    from_run, freeze, reinit
        Warm start: a run whose parameters are loaded, patterns of parameters to freeze,
        and of parameters to initialise anew.
    keep_normalizer
        Normalise targets as that run did, not by the statistics of this training part.
    task
        ``regression`` or ``classification``; inferred from the column if not given.
    settings
        Fields of `matdata.training.settings.TrainSettings`.

    Raises
    ------
    MatdataError
        As ``matdata train``; `ConfigError` if plugin, dataset or target is named nowhere.
    """
    need_torch()
    from matdata.training.arguments import fields_of_file, request_of
    from matdata.training.train import train as run_training

    names, requests = (None, None) if target is None else _targets(target)
    own: dict[str, object] = {
        "plugin": plugin,
        "dataset": dataset.ref if isinstance(dataset, DatasetFolder) else dataset,
        "targets": names,
        "target_requests": requests or None,
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
    fields: Values = given if config is None else fields_of_file(config, given)
    home, console = cache_dir(fields.get("cache")), Console() if verbose else SILENT
    return run_training(request_of(fields), home, fields.get("name"), console)


def _targets(
    given: TargetGiven | Sequence[TargetGiven],
) -> tuple[tuple[str, ...], dict[str, TargetRequest]]:
    """Names of targets, and requests for those that are described further."""
    from matdata.training.target import Target
    from matdata.training.target_request import TargetRequest

    one = isinstance(given, (str, Target, Mapping))
    several = (given,) if one else tuple(cast("Sequence[TargetGiven]", given))
    names: list[str] = []
    requests: dict[str, TargetRequest] = {}
    for target in several:
        if isinstance(target, Target):
            names.append(target.name)
            requests[target.name] = TargetRequest.of(target)
        elif isinstance(target, Mapping):
            if not isinstance(target.get("name"), str):
                raise ConfigError("a mapping that describes a target needs its 'name'")
            names.append(target["name"])
            more = {key: value for key, value in target.items() if key != "name"}
            requests[names[-1]] = TargetRequest.from_mapping(names[-1], more)
        else:
            names.append(cast(str, target))
    return tuple(names), requests


def open_run(name: str, cache: str | Path | None = None) -> Run:
    """A run of the cache by its name.

    Raises
    ------
    TrainError, StoreError
        If there is no such run, or it is damaged.
    """
    need_torch()
    from matdata.training.run import find_run

    return find_run(cache_dir(cache), require_given(name, "the run"))
