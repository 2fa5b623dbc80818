"""The splits of a dataset, with the search for near duplicates where they are kept together."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from matdata.adapters.schedulers import workers_on
from matdata.core.documents import JsonMapping
from matdata.core.errors import ConfigError
from matdata.core.executors import Workers
from matdata.core.scheduler_names import check_scheduler
from matdata.splits.base import Split
from matdata.splits.saved import (
    NearGroups,
    computed_splits,
    groups_near_duplicates,
    settings_of_method,
)
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.dataset_rows import DatasetRows
from matdata.store.stored_crystals import StoredCrystals


def splits_of(dataset: DatasetFolder, asked: JsonMapping) -> list[Split]:
    """The splits that are asked for, not saved; folds in their order.

    Parameters
    ----------
    dataset
        The dataset.
    asked
        ``method``, ``settings`` of it, and ``scheduler``, as `splits.arguments.canonical` gives
        them.

    Raises
    ------
    ConfigError
        If a setting is unknown or has a wrong value, or a scheduler is given for near duplicates
        that are not grouped by.
    SplitError
        If the split is impossible, or groups follow from the structure and some materials have
        none.
    CurationError
        If near duplicates are grouped by, and the dataset has no protostructures.
    """
    scheduler = asked.get("scheduler")
    check_scheduler(scheduler)
    settings = settings_of_method(asked["method"], asked["settings"])
    if scheduler is not None and not groups_near_duplicates(dataset, settings):
        raise ConfigError(
            "--scheduler is about near duplicates, which are not grouped by",
            next_step="add --group-by near_duplicate, or leave --scheduler out",
        )
    with workers_on(scheduler) as workers:
        near = functools.partial(near_groups, dataset, workers)
        return computed_splits(dataset, asked["method"], asked["settings"], near)


def near_groups(dataset: DatasetFolder, workers: Workers) -> NearGroups:
    """Materials that are linked by near duplicates, directly or through others, as groups.

    The label of a group is its smallest id, also that of a material without near duplicates.

    Raises
    ------
    CurationError
        If the dataset has no protostructures.
    """
    from matdata.curate.near_duplicates import find_near_duplicates, require_labels

    crystals = StoredCrystals(DatasetRows(dataset))
    labels = require_labels(dataset.columns.get("protostructure"))
    found = find_near_duplicates(
        crystals, [labels[row] for row in crystals.rows.tolist()], workers=workers
    )
    smallest = _smallest_linked((pair.first, pair.second) for pair in found.pairs)
    notes = [f"{len(found.pairs):,} pairs of near duplicates ({found.n_compared:,} compared)"]
    if found.n_unlabelled:
        notes.append(f"{found.n_unlabelled:,} materials without a protostructure were not compared")
    return NearGroups([smallest.get(name, name) for name in dataset.ids.tolist()], tuple(notes))


def _smallest_linked(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The smallest id that each id of some pairs is linked to, directly or through others."""
    above: dict[str, str] = {}

    def top(name: str) -> str:
        while (higher := above.setdefault(name, name)) != name:
            above[name] = above[higher]
            name = higher
        return name

    for pair in pairs:
        smaller, larger = sorted(map(top, pair))
        above[larger] = smaller
    return {name: top(name) for name in list(above)}
