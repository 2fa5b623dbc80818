"""``matdata sweep PLUGIN DATASET --space FILE``."""

from __future__ import annotations

import argparse
import shlex

from matdata.cli.common import console_of, print_json
from matdata.cli.options import joined
from matdata.evaluation.sweep.arguments import (
    SWEEP_OPTIONS,
    canonical,
    config_of_sweep,
)
from matdata.evaluation.sweep.workflow import sweep_as_asked
from matdata.store.config_file import write_config


def run(given: argparse.Namespace) -> int:
    """Search for hyperparameters; the same command goes on with a search that was stopped."""
    fields = joined(given, SWEEP_OPTIONS, canonical)
    if given.write_config:
        write_config(given.write_config, config_of_sweep(fields))
    console = console_of(given)
    found = sweep_as_asked(fields, console)
    if given.json:
        print_json(found.to_dict())
        return 0
    best = found.best
    console.say(f"best of {len(found.trials)} trials by {found.by} of validation: {best.run}")
    for name, value in best.values.items():
        console.say(f"  {name} = {value}")
    cache = [] if fields.get("cache") is None else ["--cache", str(fields["cache"])]
    command = shlex.join(["matdata", "evaluate", best.run, *cache])
    console.say(f"next: `{command}` opens the test part, once; no more trials after that")
    return 0
