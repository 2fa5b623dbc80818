"""``matdata build SOURCE``."""

from __future__ import annotations

import argparse

from matdata.building.arguments import BUILD_OPTIONS, canonical
from matdata.building.config import BuildConfig, config_of_build
from matdata.building.pipeline import build
from matdata.cli.common import console_of, print_json
from matdata.cli.options import joined
from matdata.core.cache import cache_dir
from matdata.sources import find_source
from matdata.store.config_file import write_config


def run(given: argparse.Namespace) -> int:
    """Build, and print what came out."""
    console = console_of(given)
    keywords = joined(given, BUILD_OPTIONS, canonical)
    cache = cache_dir(keywords.get("cache"))
    config = BuildConfig.of(keywords)
    source = find_source(config.source, config.request(cache))
    if given.write_config:
        write_config(given.write_config, config_of_build(config, source))
    built = build(source, cache, config.options, console)
    console.say(f"{'unchanged' if built.unchanged else 'done'}: {built.dataset.folder}")
    if given.json:
        print_json(built.summary())
    return 0
