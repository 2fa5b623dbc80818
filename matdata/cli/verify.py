"""``matdata verify [DATASET]``."""

from __future__ import annotations

import argparse
from pathlib import Path

from matdata.cli.common import cache_of, console_of, print_json, print_line
from matdata.core.exit_codes import ExitCode


def run(given: argparse.Namespace) -> int:
    """Reread every file, after repairs if asked for; exit code 1 if anything is wrong."""
    from matdata.checks.cache import verify

    cache = cache_of(given)
    if given.repair:
        _repair(cache, given)
    report = verify(cache, given.dataset, given.scheduler)
    code = ExitCode.FAILED if report.faults else ExitCode.DONE
    if given.json:
        print_json(report.to_json())
        return code
    for fault in report.faults:
        print_line(f"DAMAGED {fault}")
    if not given.quiet:
        for note in report.notes:
            print_line(f"note: {note}")
        verdict = f"{len(report.faults)} problems" if report.faults else "all clean"
        print_line(f"{report.artefacts} artefacts, {report.files} files reread: {verdict}")
    return code


def _repair(cache: Path, given: argparse.Namespace) -> None:
    """Make again what is damaged of the datasets and their features; the report has the rest."""
    from matdata.building.repair import repair
    from matdata.core.errors import MatdataError
    from matdata.store.catalogue import datasets

    console = console_of(given)
    refs = (
        [given.dataset]
        if given.dataset
        else [
            f"{name}@{folder.name}"
            for name, folders in datasets(cache).items()
            for folder in folders
        ]
    )
    for ref in refs:
        try:
            repair(cache, ref, console)
        except MatdataError as error:
            console.warn(error.in_one_line)
