"""``matdata gc``."""

from __future__ import annotations

import argparse

from matdata.cli.common import cache_of, print_removal
from matdata.core.exit_codes import ExitCode


def run(given: argparse.Namespace) -> int:
    """Remove what nobody needs and print what went."""
    from matdata.housekeeping.workflow import gc

    removal = gc(keep=given.keep, dry_run=given.dry_run, cache=cache_of(given))
    print_removal(removal, given)
    return ExitCode.DONE
