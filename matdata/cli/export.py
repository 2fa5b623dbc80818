"""``matdata export DATASET OUTPUT``."""

from __future__ import annotations

import argparse
from pathlib import Path

from matdata.cli.common import cache_of, console_of, print_json, settings_of, words
from matdata.datasets.exporting import ExportRequest, export_dataset, export_snapshot
from matdata.datasets.opening import open_dataset


def run(given: argparse.Namespace) -> int:
    """Write a dataset, with dense features if asked for, or its snapshot, for other programs."""
    asked = ExportRequest(
        Path(given.output),
        given.format,
        given.raw_text,
        words(given.features),
        settings_of(given.set),
    )
    dataset = open_dataset(given.dataset, cache_of(given))
    console = console_of(given)
    if not given.snapshot:
        written = export_dataset(dataset, asked)
        console.say(f"wrote {written.path}")
        record = {"output": str(written.path), "format": written.format, "rows": written.rows}
    else:
        written = export_snapshot(dataset, asked)
        assert written.snapshot is not None
        source = written.snapshot.origin["source"]
        console.say(
            f"wrote {written.path}; `matdata build {source} --from {written.path}` reads it"
        )
        name = written.snapshot.folder.name
        record = {"output": str(written.path), "records": written.rows, "snapshot": name}
    if given.json:
        print_json(record)
    return 0
