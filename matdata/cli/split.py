"""``matdata split DATASET``."""

from __future__ import annotations

import argparse
from typing import Any

from matdata.cli.common import cache_of, console_of, pairs_of, print_json, words
from matdata.core.errors import ConfigError
from matdata.splits.saved import add_splits, settings_known
from matdata.store.catalogue import find_dataset


def run(given: argparse.Namespace) -> int:
    """Add a split, or the splits of all folds, to a dataset."""
    console = console_of(given)
    dataset = find_dataset(cache_of(given), given.dataset)
    method = given.method or ("group" if given.group_by else "random")
    names = add_splits(dataset, method, _settings(given, method), console, given.name)
    if given.json:
        notes = [{"split": name, **dataset.load_split(name)[1]} for name in names]
        # one split is told as before there were folds; several are listed
        one = notes[0] if len(notes) == 1 else {}
        print_json({"dataset": dataset.ref, **one, "splits": notes})
    return 0


def _settings(given: argparse.Namespace, method: str) -> dict[str, Any]:
    known = settings_known(method)
    named = {
        "ratios": (given.split, "--split"),
        "by": (words(given.group_by) if given.group_by else None, "--group-by"),
        "seed": (given.seed, "--seed"),
    }
    flags = {key: value for key, (value, _) in named.items() if value is not None}
    for key in flags:
        if key not in known:
            raise ConfigError(
                f"a {method} split takes no {named[key][1]}",
                next_step=f"its settings (--set KEY=VALUE) are: {', '.join(known) or 'none'}",
            )
    pairs = pairs_of(given.set, "--set")
    for key in pairs:
        if key in flags:
            raise ConfigError(f"{key} is given twice: by {named[key][1]} and by --set")
    return {**flags, **pairs}
