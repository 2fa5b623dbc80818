"""``matdata rm REF``."""

from __future__ import annotations

import argparse

from matdata.cli.common import cache_of, print_removal
from matdata.core.exit_codes import ExitCode


def run(given: argparse.Namespace) -> int:
    """Remove an artefact and print what went."""
    from matdata.housekeeping.workflow import rm

    removal = rm(
        given.ref,
        cascade=given.cascade,
        forget_openings=given.forget_openings,
        dry_run=given.dry_run,
        cache=cache_of(given),
    )
    print_removal(removal, given)
    return ExitCode.DONE
