"""``matdata split DATASET``."""

from __future__ import annotations

import argparse

from matdata.catalogue import find_dataset
from matdata.commands.common import cache_of, console_of, print_json, words
from matdata.pipeline import add_split


def run(given: argparse.Namespace) -> int:
    """Add a split to a dataset."""
    console = console_of(given)
    dataset = find_dataset(cache_of(given), given.dataset)
    name = add_split(dataset, given.split, given.seed, words(given.group_by or ""), console)
    if given.json:
        _, note = dataset.load_split(name)
        print_json({"dataset": dataset.ref, "split": name, **note})
    return 0
