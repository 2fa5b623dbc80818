"""``matdata featurize DATASET FEATURES``."""

from __future__ import annotations

import argparse

from matdata.building.options import BuildOptions
from matdata.building.pipeline import add_features
from matdata.cli.common import (
    cache_of,
    console_of,
    positive,
    print_json,
    settings_of,
    words,
    workers_of,
)
from matdata.core.cache import ensure_writable
from matdata.store.catalogue import find_dataset


def run(given: argparse.Namespace) -> int:
    """Add features to a dataset."""
    cache, console = cache_of(given), console_of(given)
    dataset = find_dataset(cache, given.dataset)
    ensure_writable(cache)
    options = BuildOptions(
        features=words(given.features),
        feature_settings=settings_of(given.set),
        store=given.store,
        workers=workers_of(given),
        shard_rows=positive(given.shard_rows, "--shard-rows"),
    )
    folders = add_features(dataset, cache, options, console)
    if given.json:
        print_json({"dataset": dataset.ref, "features": [str(folder) for folder in folders]})
    return 0
