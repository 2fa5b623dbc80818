"""``matdata featurize DATASET FEATURES``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from matdata.building.arguments import FEATURIZE_OPTIONS, canonical
from matdata.building.config import config_of_features
from matdata.building.feature_stage import add_features
from matdata.building.options import BuildOptions, build_options
from matdata.cli.common import console_of, print_json
from matdata.cli.options import joined
from matdata.core.cache import cache_dir
from matdata.core.console import Console
from matdata.core.options import Values
from matdata.features.building.runner import BuiltFeature
from matdata.store.catalogue import find_dataset
from matdata.store.config_file import write_config
from matdata.store.dataset_folder import DatasetFolder

Compute = Callable[[DatasetFolder, Path, BuildOptions, Console], list[BuiltFeature]]


def run(given: argparse.Namespace) -> int:
    """Add features to a dataset."""
    return run_with(given, joined(given, FEATURIZE_OPTIONS, canonical), add_features)


def run_with(given: argparse.Namespace, asked: Values, compute: Compute) -> int:
    """Add features to a dataset by a function: alone, or together with other processes."""
    console = console_of(given)
    keywords = dict(asked)
    cache = cache_dir(keywords.pop("cache", None))
    dataset = find_dataset(cache, keywords.pop("dataset"))
    options = build_options(keywords)
    if given.write_config:
        text = config_of_features(dataset.ref, options, given.command)
        write_config(given.write_config, text)
    features = compute(dataset, cache, options, console)
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
