"""``matdata verify [DATASET]``."""

from __future__ import annotations

import argparse

from matdata.cli.common import cache_of, print_json, print_line


def run(given: argparse.Namespace) -> int:
    """Reread every file; exit code 1 if anything is wrong."""
    from matdata.checks.cache import verify

    report = verify(cache_of(given), given.dataset)
    if given.json:
        print_json(report.to_json())
        return 1 if report.faults else 0
    for fault in report.faults:
        print_line(f"DAMAGED {fault}")
    if not given.quiet:
        for note in report.notes:
            print_line(f"note: {note}")
        verdict = f"{len(report.faults)} problems" if report.faults else "all clean"
        print_line(f"{report.artefacts} artefacts, {report.files} files reread: {verdict}")
    return 1 if report.faults else 0
