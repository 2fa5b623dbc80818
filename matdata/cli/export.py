"""``matdata export DATASET OUTPUT``."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from matdata.cli.common import cache_of, console_of, print_json, settings_of
from matdata.core.documents import JsonObject
from matdata.core.given import words
from matdata.datasets import opening
from matdata.datasets.exporting import (
    ExportRequest,
    Written,
    export_dataset,
    lines_of,
    refuse_with_archive,
)


def run(given: argparse.Namespace) -> int:
    """Write a dataset, with dense features if asked for, or its snapshot, for other programs."""
    if given.archive:
        return _archive(given)
    asked = ExportRequest(
        Path(given.output),
        given.format,
        given.raw_text,
        words(given.features),
        settings_of(given.set),
        given.snapshot,
        given.split,
        given.derived,
    )
    written = export_dataset(opening.open(given.dataset, cache_of(given)), asked)
    for line in lines_of(written):
        console_of(given).say(line)
    if given.json:
        print_json(_record(written, asked))
    return 0


def _archive(given: argparse.Namespace) -> int:
    """Write dataset, splits and named features as an archive of a pushed folder."""
    from matdata.sharing.references import Choice
    from matdata.sharing.workflow import archive_artefacts, names_of

    refuse_with_archive(given.format, given.split, given.derived, given.raw_text, given.set)
    output = Path(given.output)
    choice = Choice(names_of(given.features or ()), snapshot=given.snapshot)
    count = archive_artefacts(given.dataset, output, choice, cache_of(given))
    console_of(given).say(f"wrote {output}; `matdata import {shlex.quote(str(output))}` takes it")
    if given.json:
        print_json({"output": str(output), "format": "archive", "files": count})
    return 0


def _record(written: Written, asked: ExportRequest) -> JsonObject:
    if written.snapshot is not None:
        return {
            "output": str(written.path),
            "records": written.rows,
            "snapshot": written.snapshot.folder.name,
        }
    return {
        "output": str(written.path),
        "format": asked.form,
        "rows": written.rows,
        "features": list(written.features),
        "losses": list(written.losses),
        "content_digest": written.content_digest,
        "rebuild": written.rebuild or None,
    }
