"""Training from Python; nothing heavy is imported before it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Unpack, cast

from matdata.core.cache import cache_dir
from matdata.core.console import SILENT, Console
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import ConfigError
from matdata.core.given import require_name
from matdata.core.keywords import with_keywords
from matdata.core.options import Option, Values, merged, values_of_keywords
from matdata.core.packages import need_torch
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.keywords import TrainKeywords

if TYPE_CHECKING:
    from matdata.training.request import Request
    from matdata.training.run import Run
    from matdata.training.target import Target
    from matdata.training.target_request import TargetRequest

#: A column, a target, or a mapping that describes one.
TargetGiven: TypeAlias = "str | Target | JsonMapping"


@with_keywords(TrainKeywords)
def train(
    plugin: str | None = None,
    dataset: str | DatasetFolder | None = None,
    target: TargetGiven | Sequence[TargetGiven] | None = None,
    *,
    config: str | Path | None = None,
    quiet: bool = False,
    **options: Unpack[TrainKeywords],
) -> Run:
    """Train a plugin on a dataset, as ``matdata train`` does; resumes a stopped training.

    Parameters
    ----------
    plugin
        Name of an installed trainer (``matdata plugins``).
    dataset
        Reference of a dataset, or an open one; at the address of a shared folder
        (``s3://lab/crystals/mine``) it is pulled with its splits and what the plugin reads.
    target
        Column of its table or expression over columns (``log10(k_vrh)``, ``band_gap > 0``;
        `matdata.core.expressions.grammar`), or several; a `Target`, or a mapping such as
        ``{"name": "epsilon", "axis": "energy", "objective": "l1"}``, describes one further.
    config
        A configuration file, as ``--config`` takes it; what is given here wins.
    quiet
        Print warnings alone, no epochs.
    options
        The options of the command, under their names (``matdata train --help``): ``split``,
        ``name``, ``epochs``, ``ensemble``, …. Other settings of the loop stand in ``train`` and
        hyperparameters of the plugin in ``hyper``, as the tables of a file do; ``cache`` is that
        of an open dataset if one is given.

    Raises
    ------
    MatdataError
        As ``matdata train``; `ConfigError` if plugin, dataset or target is named nowhere.

    Examples
    --------
    >>> md.train("forest", ds, "band_gap", name="gap", hyper={"trees": 500})
    >>> md.train("cgcnn", "mine", "band_gap", epochs=200, train={"schedule": "onecycle"})
    """
    from matdata.training.train import train as run_training

    fields = _asked(plugin, dataset, target, config, options)
    if fields.get("folds") is not None:
        raise ConfigError(
            "a run for every fold is asked for, and `train` returns one run",
            next_step="matdata.train_folds, or leave out folds",
        )
    request, cache, name = _request(fields)
    console = SILENT if quiet else Console()
    bring_inputs(request, dataset, console)
    return run_training(request, cache, name, console)


@with_keywords(TrainKeywords)
def train_folds(
    plugin: str | None = None,
    dataset: str | DatasetFolder | None = None,
    target: TargetGiven | Sequence[TargetGiven] | None = None,
    *,
    config: str | Path | None = None,
    quiet: bool = False,
    **options: Unpack[TrainKeywords],
) -> list[Run]:
    """Train a run for every fold of a k-fold split, as ``matdata train --folds all`` does.

    Parameters
    ----------
    plugin, dataset, target, config, quiet, options
        As of `train`; ``split`` is what the names of the folds have in common
        (``kfold5-seed0``), the only k-fold split if not given, and the runs are
        ``<name>-fold0``, ….

    Returns
    -------
    list of Run
        In the order of the folds. `matdata.runs` gives their mean and standard deviation.

    Raises
    ------
    MatdataError
        As `train`; `SplitError` if there is no such k-fold split.

    Examples
    --------
    >>> ds.folds(method="kfold", set={"k": 5})
    >>> md.train_folds("rf-magpie", ds, "band_gap", name="forest")
    """
    from matdata.training.folds import train_folds as train_each

    fields = _asked(plugin, dataset, target, config, options)
    request, cache, name = _request(fields)
    console = SILENT if quiet else Console()
    bring_inputs(request, dataset, console)
    return train_each(request, cache, name, console)


def bring_inputs(request: Request, dataset: str | DatasetFolder | None, console: Console) -> None:
    """Bring what a trainer reads into the cache, of a dataset that was opened at an address.

    Raises
    ------
    FeatureError, StoreError
        If it is not there, or cannot be read.
    """
    if isinstance(dataset, DatasetFolder):
        from matdata.training import trainer

        one = trainer(request.plugin, request.hypers)
        wanted = one.input_settings()
        dataset.bring({spec: wanted.get(spec, {}) for spec in one.inputs()}, console.say)


def _asked(
    plugin: str | None,
    dataset: str | DatasetFolder | None,
    target: TargetGiven | Sequence[TargetGiven] | None,
    config: str | Path | None,
    options: TrainKeywords,
) -> JsonObject:
    """Fields of a request: what is given, over what a configuration file holds."""
    from matdata.training.arguments import TRAIN_OPTIONS, canonical

    return asked_fields(plugin, dataset, target, config, options, TRAIN_OPTIONS, canonical)


def asked_fields(
    plugin: str | None,
    dataset: str | DatasetFolder | None,
    target: TargetGiven | Sequence[TargetGiven] | None,
    config: str | Path | None,
    options: Mapping[str, object],
    table: Sequence[Option],
    canonical: Callable[[Values, Values], JsonObject],
) -> JsonObject:
    """The same by the options of any command that trains.

    Parameters
    ----------
    table, canonical
        Its options, and what makes fields of them.
    """
    need_torch()
    names, requests = (None, {}) if target is None else _targets(target)
    if dataset is not None and not isinstance(dataset, DatasetFolder):
        require_name(dataset, "the dataset")
    own: dict[str, object] = {
        "plugin": plugin,
        "dataset": dataset.ref if isinstance(dataset, DatasetFolder) else dataset,
        "target": names,
        "cache": getattr(dataset, "cache", None),
    }
    given = {**{name: value for name, value in own.items() if value is not None}, **options}
    return _fields(config, given, requests, table, canonical)


def _request(fields: Values) -> tuple[Request, Path, str | None]:
    """Request, cache and name."""
    from matdata.training.arguments import request_of

    return request_of(fields), cache_dir(fields.get("cache")), fields.get("name")


def _fields(
    config: str | Path | None,
    given: Values,
    requests: Mapping[str, TargetRequest],
    table: Sequence[Option],
    canonical: Callable[[Values, Values], JsonObject],
) -> JsonObject:
    """Fields of a request, from keywords over those of a file."""
    from matdata.store.config_file import read_config
    from matdata.training.settings import TrainSettings

    elsewhere = {name: f"train={{{name!r}: …}}" for name, _, _ in TrainSettings.describe()}
    elsewhere |= {"hypers": "hyper={…}", "settings": "train={…}", "verbose": "quiet=True"}
    upper = values_of_keywords(table, given, elsewhere)
    lower = {} if config is None else read_config(config, table)
    if {**lower, **upper}.get("plugin") is None:
        where = "" if config is None else f" ({config} names none)"
        raise ConfigError(
            f"no plugin was named{where}", next_step="`matdata plugins` lists those installed"
        )
    fields = merged(lower, upper, canonical)
    twice = [name for name in requests if name in fields.get("target_requests", {})]
    if twice:
        raise ConfigError(f"target {twice[0]!r} is described twice: by itself and by an option")
    if requests:
        fields["target_requests"] = {**fields.get("target_requests", {}), **requests}
    return fields


def _targets(
    given: TargetGiven | Sequence[TargetGiven],
) -> tuple[tuple[str, ...], dict[str, TargetRequest]]:
    """Names of targets, and requests for those that are described further."""
    from matdata.training.target import Target
    from matdata.training.target_request import TargetRequest

    one = isinstance(given, (str, Target, Mapping))
    if not one and not isinstance(given, (list, tuple)):
        raise ConfigError(
            f"a target is a column, an expression, or a Target; got {type(given).__name__}",
            next_step="name a column of the table, such as 'band_gap'",
        )
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
    ConfigError
        If it is no name.

    Examples
    --------
    >>> md.open_run("gap").result()
    """
    need_torch()
    from matdata.training.run_lookup import find_run

    return find_run(cache_dir(cache), require_name(name, "the run"))
