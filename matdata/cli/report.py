"""``matdata report DATASET``: the funnel in the form of Goodall 2022, tables 6.1 to 6.3."""

from __future__ import annotations

import argparse
from pathlib import Path

from matdata.cli.common import cache_of, console_of, print_json
from matdata.curate.funnel_report import draw, table, table_lines
from matdata.store.catalogue import find_dataset


def run(given: argparse.Namespace) -> int:
    """Print the funnel, and draw it if asked for."""
    dataset = find_dataset(cache_of(given), given.dataset)
    console = console_of(given)
    steps = dataset.funnel()
    output = Path(given.output) if given.output else None
    if output is not None:
        draw(steps, output, dataset.ref)
    if given.json:
        picture = None if output is None else str(output)
        print_json({"dataset": dataset.ref, "table": table(steps), "picture": picture})
        return 0
    console.say(dataset.ref)
    for line in table_lines(steps):
        console.say(line)
    if output is not None:
        console.say(f"wrote {output}")
    return 0
