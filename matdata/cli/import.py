"""``matdata import PATH``."""

from __future__ import annotations

import argparse

from matdata.cli.common import cache_of, console_of
from matdata.cli.pull import print_pulled
from matdata.core.given import path_of
from matdata.sharing.workflow import import_artefacts


def run(given: argparse.Namespace) -> int:
    """Take all that a pushed folder or an archive of one holds."""
    path = path_of(given.path, "the path")
    print_pulled(
        import_artefacts(path, given.workers, cache_of(given), console_of(given)), given, "imported"
    )
    return 0
