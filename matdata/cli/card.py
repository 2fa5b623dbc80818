"""``matdata card DATASET --output PATH``."""

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
    console, folder = console_of(given), written.path
    if not folder.is_dir():
        folder = folder.parent
    if written.exported:
        files = "1 file" if len(written.data) == 1 else f"{len(written.data)} files"
        console.say(f"wrote the data: {files} in {folder}")
    console.say(f"wrote {' and '.join(written.files)} in {folder}")
    return 0
