"""`matdata.build`, `featurize` and `work`: the commands in Python, also for what is in memory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from matdata.building.keywords import BuildKeywords, FeaturizeKeywords, Texts, WorkKeywords
from matdata.core.cache import cache_dir
from matdata.core.console import python_console
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import ConfigError
from matdata.core.keywords import with_keywords
from matdata.core.options import Values, values_of_keywords
from matdata.datasets.dataset import Dataset
from matdata.datasets.opening import dataset_of

if TYPE_CHECKING:
    from matdata.core.executors import Executor
    from matdata.features.feature import Feature
    from matdata.sources.base import Request, Source

#: What stands for a source that is in memory, and names a dataset without a name.
TABLE = "table"
#: Options that ask a source of its own for something.
OF_SOURCES = ("from_", "snapshot", "query", "thermo", "bulk", "optics")


@with_keywords(BuildKeywords)
def build(
    source: object = None,
    *,
    config: str | Path | None = None,
    executor: Executor | None = None,
    quiet: bool = True,
    **options: Unpack[BuildKeywords],
) -> Dataset:
    """Build a dataset, as ``matdata build`` does.

    Parameters
    ----------
    source
        ``sample``, ``mp``, ``jarvis:dft_3d``, … or a path; or what is in memory: a pandas table
        with a column of structures (pymatgen, ASE, CIF texts) or formulas; structures, ASE atoms
        and formulas in a list, a series or a mapping of names. The index of a table or series holds
        the ids if it is unique and no plain count of rows (whole numbers without a name, which
        filtering leaves, only where no column has ids).
    config
        A configuration file, as ``--config`` takes it; what is given here wins.
    executor
        Runs the tasks: an open `concurrent.futures.Executor`, or one like it (`Executor` of
        `matdata.plugin`), which is left open. ``workers`` says how many tasks it runs at once.
        If not given, ``scheduler`` says where tasks run, else threads and processes of this
        machine; the results are the same.
    quiet
        Print warnings alone (and bars in a notebook); False prints what the command prints.
    options
        The options of the command, under their names (``matdata build --help``): ``name``,
        ``features``, ``target``, ``energy``, ``dedupe``, ``split``, …. ``from_`` is ``--from``.
        Lists can be texts with commas; ``set={"ofm": {"period_tag": True}}`` is ``--set
        ofm.period_tag=true``, ``filter="band_gap > 0"`` or ``filter={"sites_below": 64}`` is
        ``--filter``. For structures, ``target`` holds the values: an array, or arrays by name.

    Raises
    ------
    MatdataError
        As ``matdata build``; `ConfigError` for an unknown option or a number below one, or for
        what is no executor or no source; `SourceError` for a table without usable rows or ids.

    Examples
    --------
    >>> md.build("crystals.csv", target="band_gap", features=["magpie"])
    >>> md.build(frame, name="mine", target="band_gap")
    >>> md.build([structure, other], target=[1.1, 0.4], name="pair")
    """
    from matdata.building import pipeline
    from matdata.building.config import BuildConfig
    from matdata.sources import find_source

    given: JsonObject = dict(options)
    in_memory = source is not None and not isinstance(source, (str, os.PathLike))
    values = _targets_apart(source, given) if in_memory else {}
    if isinstance(source, (str, os.PathLike)):
        given["source"] = os.fspath(source)
    elif in_memory:
        given["source"] = TABLE
    keywords = _keywords(config, given)
    chosen, home = BuildConfig.of(keywords), cache_dir(keywords.get("cache"))
    request = chosen.request(home)
    name = chosen.options.name or TABLE
    reader = (
        _table(source, values, name, request) if in_memory else find_source(chosen.source, request)
    )
    built = pipeline.build(reader, home, chosen.options, python_console(quiet), executor)
    return Dataset(built.dataset.folder, home)


def _keywords(config: str | Path | None, given: Values) -> Values:
    """The keywords of a build from a file and Python; the latter win."""
    from matdata.building.arguments import BUILD_OPTIONS, canonical
    from matdata.core.tolerances import SETTINGS
    from matdata.curate.settings import FILTERS
    from matdata.store.config_file import over_config

    elsewhere = {name: f"filter={{{name!r}: …}}" for name in FILTERS}
    elsewhere |= {name: f"set={{'symmetry': {{{name!r}: …}}}}" for name in SETTINGS}
    upper = values_of_keywords(BUILD_OPTIONS, given, elsewhere)
    return over_config(config, BUILD_OPTIONS, upper, canonical)


def _targets_apart(source: object, given: JsonObject) -> JsonObject:
    """Values of targets, taken out of the options, which keep their names.

    Raises
    ------
    ConfigError
        If an option asks a source for something, or values have another index than the table.
    """
    for name in OF_SOURCES:
        if given.get(name) not in (None, False):
            raise ConfigError(
                f"{name} asks a source for something, and what is built is in memory",
                next_step=f"leave {name} out",
            )
    target = given.get("target")
    if target is None or isinstance(target, str):
        return {}
    texts = isinstance(target, (list, tuple)) and all(isinstance(one, str) for one in target)
    if texts and hasattr(source, "columns"):  # names; without columns texts are classes
        return {}
    named = target if isinstance(target, Mapping) else {_name_of(target): target}
    for name, one in named.items():
        if _differ(getattr(one, "index", None), getattr(source, "index", None)):
            raise ConfigError(
                f"target {str(name)!r} has another index than the table",
                next_step="make it a column of the table, or give its values (.to_numpy())",
            )
    given["target"] = tuple(str(name) for name in named)
    return {str(name): values for name, values in named.items()}


def _differ(index: Any, other: Any) -> bool:
    """Whether both are indices of pandas, and not the same."""
    return hasattr(index, "equals") and hasattr(other, "equals") and not index.equals(other)


def _name_of(values: object) -> str:
    name = getattr(values, "name", None)  # of a series
    return name if isinstance(name, str) else "target"


def _table(source: object, values: JsonMapping, name: str, request: Request) -> Source:
    from matdata.materials.source import Table
    from matdata.materials.tables import rows_of, with_columns

    roles = request.options
    rows = with_columns(
        rows_of(source, roles.id_col, roles.structure_col, roles.initial_col), values
    )
    return Table(rows, name, request)


@with_keywords(FeaturizeKeywords)
def featurize(
    dataset: Dataset | str | None = None,
    features: Texts | None = None,
    *,
    config: str | Path | None = None,
    executor: Executor | None = None,
    quiet: bool = True,
    **options: Unpack[FeaturizeKeywords],
) -> list[Feature]:
    """Compute features of a dataset, or find those that are there, as ``matdata featurize`` does.

    Parameters
    ----------
    dataset
        An open dataset, or the reference of one.
    features
        Names of features, in a list or with commas.
    config
        A configuration file, as ``--config`` takes it; what is given here wins.
    executor, quiet
        As of `build`.
    options
        The options of the command, under their names.

    Raises
    ------
    MatdataError
        As ``matdata featurize``.

    Examples
    --------
    >>> (ofm,) = md.featurize("mine", "ofm", set={"ofm": {"period_tag": True}})
    """
    opened, keywords = _asked(dataset, features, config, options)
    return opened.add_features(keywords, executor, quiet)


@with_keywords(WorkKeywords)
def work(
    dataset: Dataset | str | None = None,
    features: Texts | None = None,
    *,
    config: str | Path | None = None,
    quiet: bool = True,
    **options: Unpack[WorkKeywords],
) -> list[Feature]:
    """Compute features together with other processes on a shared file system, as ``matdata work``.

    Each process calls it alike, takes whole shards, and returns when the features are complete.

    Parameters
    ----------
    dataset, features, config, quiet
        As of `featurize`.
    options
        The options of the command, under their names.

    Raises
    ------
    MatdataError
        As ``matdata work``.

    Examples
    --------
    >>> (ofm,) = md.work("mine", "ofm", lease_timeout=300)
    """
    opened, keywords = _asked(dataset, features, config, options, together=True)
    return opened.add_features(keywords, quiet=quiet, together=True)


def _asked(
    dataset: Dataset | str | None,
    features: Texts | None,
    config: str | Path | None,
    options: JsonMapping,
    *,
    together: bool = False,
) -> tuple[Dataset, JsonMapping]:
    """The dataset whose features were asked for, and the options."""
    from matdata.datasets.adding import feature_options

    named = {"dataset": getattr(dataset, "ref", dataset), "features": features}
    given = {name: value for name, value in named.items() if value is not None}
    keywords = feature_options(config, {**given, **options}, together=together)
    own = dataset if isinstance(dataset, Dataset) else keywords.get("dataset")
    return dataset_of(own, keywords.get("cache")), keywords
