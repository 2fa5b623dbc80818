"""``matdata featurize DATASET FEATURES``."""

from __future__ import annotations

import argparse

from matdata.building.arguments import FEATURIZE_OPTIONS, canonical
from matdata.building.config import config_of_features
from matdata.building.options import build_options
from matdata.building.pipeline import add_features
from matdata.cli.common import console_of, print_json
from matdata.cli.options import joined
from matdata.core.cache import cache_dir, ensure_writable
from matdata.store.catalogue import find_dataset
from matdata.store.config_file import write_config


def run(given: argparse.Namespace) -> int:
    """Add features to a dataset."""
    console = console_of(given)
    keywords = dict(joined(given, FEATURIZE_OPTIONS, canonical))
    cache = cache_dir(keywords.pop("cache", None))
    dataset = find_dataset(cache, keywords.pop("dataset"))
    options = build_options(keywords)
    ensure_writable(cache)
    if given.write_config:
        write_config(given.write_config, config_of_features(dataset.ref, options))
    features = add_features(dataset, cache, options, console)
    if given.json:
        print_json(
            {
                "dataset": dataset.ref,
                "features": [str(one.folder) for one in features],
                "states": [one.state for one in features],
                "counts": [one.counts._asdict() for one in features],
                "unchanged": all(one.state == "unchanged" for one in features),
            }
        )
    return 0
