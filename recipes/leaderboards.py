"""Splits by id of the JARVIS leaderboard, which sets and presets of papers do not use.

A file holds the ids of train, val and test, with the values that models are scored on. Ids that the
data do not have are left out, and counted; ids that stand in train and in test as well (JARVIS
publishes a few) stay in test alone, so that the test part is the published one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from plan import Cut

from matdata.core.errors import SourceError

WHERE = "https://github.com/usnistgov/jarvis_leaderboard (jarvis_leaderboard/benchmarks/AI)"


def split_of(file: str) -> str:
    """Name of the split of a file: ``leaderboard-dft_3d_ehull`` of ``dft_3d_ehull.json.zip``."""
    return f"leaderboard-{Path(file).name.split('.')[0]}"


def cuts(given: argparse.Namespace) -> tuple[Cut, ...]:
    """A split for each file of ids.

    Raises
    ------
    SourceError
        If structures are given and no ids.
    """
    if given.files and not given.ids:
        raise SourceError(
            "no split is named; expected --ids FILE [FILE ...]",
            next_step=f"the files of ids: {WHERE}",
        )
    treated = {"unknown": "drop", "repeated": "held_out"}
    return tuple(Cut("fixed", {"file": str(file), **treated}, split_of(file)) for file in given.ids)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The files of ids."""
    parser.add_argument(
        "--ids", nargs="+", default=[], metavar="FILE", help="published splits by id (.json.zip)"
    )
