"""``matdata split DATASET``."""

from __future__ import annotations

import argparse

from matdata.cli.common import console_of, print_json
from matdata.cli.options import joined
from matdata.core.cache import cache_dir
from matdata.core.documents import JsonObject
from matdata.core.scheduler_names import check_scheduler
from matdata.datasets.splitting import splits_of
from matdata.splits.arguments import SPLIT_OPTIONS, canonical, config_of_split
from matdata.splits.saved import Saved, load_split, save_splits, settings_of_method, unmatched_ids
from matdata.store.catalogue import find_dataset
from matdata.store.config_file import write_config
from matdata.store.damage import require_whole
from matdata.store.dataset_folder import KIND, DatasetFolder


def run(given: argparse.Namespace) -> int:
    """Add a split, or the splits of all folds, to a dataset."""
    console = console_of(given)
    asked = joined(given, SPLIT_OPTIONS, canonical)
    check_scheduler(asked.get("scheduler"))
    method, settings, name = asked["method"], asked["settings"], asked.get("name")
    dataset = find_dataset(cache_dir(asked.get("cache")), asked["dataset"])
    require_whole(dataset.folder, KIND)
    if given.write_config:
        resolved = settings_of_method(method, settings)
        write_config(given.write_config, config_of_split(dataset.ref, method, resolved, name))
    splits = save_splits(dataset, splits_of(dataset, asked), console, name)
    if given.json:
        notes = [_described(dataset, one) for one in splits]
        unchanged = all(state == "unchanged" for _, state in splits)
        print_json({"dataset": dataset.ref, "unchanged": unchanged, "splits": notes})
    return 0


def _described(dataset: DatasetFolder, saved: Saved) -> JsonObject:
    """The note of a split; of a published one also what it and the dataset do not share."""
    described = {"split": saved.name, "state": saved.state, **dataset.load_split(saved.name)[1]}
    unmatched = unmatched_ids(dataset, load_split(dataset, saved.name))
    return {**described, "unmatched": unmatched} if unmatched else described
