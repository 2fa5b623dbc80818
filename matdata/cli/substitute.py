"""``matdata substitute DATASET``."""

from __future__ import annotations

import argparse

from matdata.building.substitute_arguments import SUBSTITUTE_OPTIONS, SubstituteConfig, canonical
from matdata.building.substituting import substitute
from matdata.cli.common import console_of, print_json
from matdata.cli.options import joined
from matdata.core.cache import cache_dir
from matdata.store.catalogue import find_dataset
from matdata.store.config_file import write_config


def run(given: argparse.Namespace) -> int:
    """Make candidates, and print what came out."""
    console = console_of(given)
    keywords = joined(given, SUBSTITUTE_OPTIONS, canonical)
    config = SubstituteConfig.of(keywords)
    cache = cache_dir(keywords.get("cache"))
    if given.write_config:
        parents = find_dataset(cache, config.dataset).ref
        write_config(given.write_config, config.as_text(parents))
    made = substitute(config, cache, console)
    state = "unchanged" if made.built.unchanged else "done"
    console.say(f"{state}: {made.built.dataset.folder}")
    if given.json:
        print_json(made.summary())
    return 0
