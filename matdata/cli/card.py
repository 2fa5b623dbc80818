"""``matdata card DATASET --output DIR``."""

from __future__ import annotations

import argparse

from matdata.cli.common import cache_of, console_of, print_json
from matdata.datasets.carding import card


def run(given: argparse.Namespace) -> int:
    """Write a README and a Croissant file beside the data of a dataset."""
    written = card(
        given.dataset,
        given.output,
        split=given.split,
        features=given.features or (),
        cache=cache_of(given),
    )
    if given.json:
        print_json(
            {
                "output": str(written.path),
                "files": list(written.files),
                "data": list(written.data),
                "exported": written.exported,
            }
        )
        return 0
    console = console_of(given)
    if written.exported:
        console.say(f"wrote the data: {len(written.data)} files in {written.path}")
    console.say(f"wrote {' and '.join(written.files)} in {written.path}")
    return 0
