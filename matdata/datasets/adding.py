"""Features and splits that are added to a dataset, from keywords that the command line shares."""

from __future__ import annotations

from pathlib import Path

from matdata.building.options import build_options
from matdata.core.console import Console
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import ConfigError, SplitError
from matdata.core.executors import Executor
from matdata.core.options import Values, values_of_keywords
from matdata.datasets.splitting import splits_of
from matdata.features.building.runner import BuiltFeature
from matdata.splits.base import Split
from matdata.splits.saved import load_split, save_splits
from matdata.store.config_file import over_config
from matdata.store.dataset_folder import DatasetFolder

MARKS = ("/", "n=")  # of ratios; no name of a split holds a slash or an equals sign


def feature_options(
    config: str | Path | None, given: Values, *, together: bool = False
) -> JsonMapping:
    """The options of ``matdata featurize``, or ``work``, from a file and keywords; the latter win.

    Returns
    -------
    mapping
        Keywords of `build_options`, and ``dataset`` and ``cache`` where they are given.
    """
    from matdata.building.arguments import FEATURIZE_OPTIONS, WORK_OPTIONS, canonical

    table = WORK_OPTIONS if together else FEATURIZE_OPTIONS
    return over_config(config, table, values_of_keywords(table, given), canonical)


def add_features_by(
    dataset: DatasetFolder,
    cache: Path,
    keywords: JsonMapping,
    console: Console,
    executor: Executor | None,
    *,
    together: bool = False,
) -> list[BuiltFeature]:
    """Compute features of a dataset, or find those that are there.

    Parameters
    ----------
    dataset, cache
        The dataset, and where its features go.
    keywords
        As `feature_options` resolved them.
    console
        Informed of what happens.
    executor
        Runs the tasks; None for this machine.
    together
        Whether other processes compute the same features.

    Returns
    -------
    list of BuiltFeature
        The folder of each, and whether it was there.

    Raises
    ------
    MatdataError
        As ``matdata featurize``.
    """
    from matdata.building.feature_stage import add_features, share_features

    own = {name: value for name, value in keywords.items() if name not in ("dataset", "cache")}
    options = build_options(own)
    if not options.features:
        raise ConfigError(
            "no feature was named", next_step="name one, such as 'ofm'; md.features_known() lists"
        )
    if together:
        return share_features(dataset, cache, options, console)
    return add_features(dataset, cache, options, console, executor)


def split_options(config: str | Path | None, given: Values) -> JsonObject:
    """The options of ``matdata split`` from a file and keywords: method, settings, name, ….

    Raises
    ------
    ConfigError
        If an option or setting is unknown, or one is given twice.
    """
    from matdata.splits.arguments import SPLIT_OPTIONS, canonical

    upper = values_of_keywords(SPLIT_OPTIONS, _with_ratios(given))
    return over_config(config, SPLIT_OPTIONS, upper, canonical)


def _with_ratios(given: Values) -> Values:
    """Ratios as numbers, (70, 15, 15), or by part, become the text that stands for them."""
    if given.get("split") is None or isinstance(given["split"], str):
        return given
    from matdata.splits.ratios import canonical_text

    return {**given, "split": canonical_text(given["split"])}


def make_folds(dataset: DatasetFolder, options: JsonMapping) -> list[Split]:
    """Make the splits of a method and save them; folds in their order.

    Raises
    ------
    SplitError
        If the split is impossible, or another one is saved under its name.
    """
    splits = splits_of(dataset, options)
    saved = save_splits(dataset, splits, name=options.get("name"))
    return [load_split(dataset, one.name) for one in saved]


def find_or_make(dataset: DatasetFolder, which: object, given: Values) -> Split:
    """A saved split by its name, the only one, or one that is made.

    Parameters
    ----------
    dataset
        The dataset.
    which
        Ratios, or the name of a saved split; None.
    given
        Other options of ``matdata split``.

    Raises
    ------
    SplitError
        If the method makes several splits, or the split is impossible.
    StoreError
        If no such split is saved, or none is named and there is not exactly one.
    ConfigError
        If an option or setting is unknown.
    """
    asked = {name: value for name, value in given.items() if value is not None}
    is_name = isinstance(which, str) and not any(mark in which for mark in MARKS)
    if not asked and (which is None or is_name):
        return load_split(dataset, None if which is None else str(which))
    if is_name:
        raise ConfigError(
            f"split {which!r} is the name of a saved split, and options to make one are given",
            next_step="leave the options out, or give ratios such as 70/15/15 (and name=…)",
        )
    options = split_options(None, {"split": which, **asked})
    splits = splits_of(dataset, options)
    if len(splits) != 1:
        raise SplitError(
            f"{options['method']} makes {len(splits)} splits, one per fold",
            next_step=f"make them with folds(method={options['method']!r}, …), which lists them",
        )
    (saved,) = save_splits(dataset, splits, name=options.get("name"))
    return load_split(dataset, saved.name)
