"""``matdata report``: what a dataset or a run is like, as a page; the funnel as text or picture.

The funnel has the form of Goodall 2022, tables 6.1 to 6.3.
"""

from __future__ import annotations

import argparse

from matdata.cli.common import cache_of, console_of, print_json
from matdata.core.given import words
from matdata.datasets.dataset import Dataset
from matdata.datasets.reporting import Reported, report


def run(given: argparse.Namespace) -> int:
    """Write the report that is asked for, and print the funnel or the scores."""
    reported = report(
        given.of,
        given.output,
        pictures=given.pictures,
        format=words(given.format),
        style=given.style,
        cache=cache_of(given),
    )
    if given.json:
        print_json(_document(reported))
        return 0
    console = console_of(given)
    for line in reported.lines:
        console.say(line)
    if reported.output is not None:
        console.say(f"wrote {reported.output}")
    if reported.pictures:
        console.say(f"{len(reported.pictures)} pictures in {given.pictures}")
    return 0


def _document(reported: Reported) -> dict[str, object]:
    of = reported.of
    return {
        "dataset": of.ref if isinstance(of, Dataset) else None,
        "run": None if isinstance(of, Dataset) else of.name,
        "table": list(reported.table),
        "output": None if reported.output is None else str(reported.output),
        "pictures": [str(path) for path in reported.pictures],
    }
