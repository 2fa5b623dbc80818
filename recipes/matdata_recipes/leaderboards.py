"""Splits by id of the JARVIS leaderboard, which sets and presets of papers do not use.

A file holds the ids of train, val and test, with the values that models are scored on. Ids that the
data do not have are left out, and counted; ids that stand in train and in test as well (JARVIS
publishes a few) stay in test alone, so that the test part is the published one.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from matdata.core.errors import SourceError
from matdata_recipes.plan import Cut
from matdata_recipes.properties import (
    BULK_MODULUS,
    HULL_DISTANCE,
    JARVIS_FORMATION_ENERGY,
    MBJ_GAP,
    MP_FORMATION_ENERGY,
    MP_GAP,
    OPT_GAP,
    SHEAR_MODULUS,
)

WHERE = "https://github.com/usnistgov/jarvis_leaderboard (jarvis_leaderboard/benchmarks/AI)"
#: Column of the values that a file holds beside the ids, by the file's name without suffixes.
COLUMNS: Mapping[str, str] = {
    "megnet_e_form": MP_FORMATION_ENERGY.name,
    "megnet_gappbe": MP_GAP.name,
    "dft_3d_formation_energy_peratom": JARVIS_FORMATION_ENERGY.name,
    "dft_3d_optb88vdw_bandgap": OPT_GAP.name,
    "dft_3d_mbj_bandgap": MBJ_GAP.name,
    "dft_3d_bulk_modulus_kv": BULK_MODULUS.name,
    "dft_3d_shear_modulus_gv": SHEAR_MODULUS.name,
    "dft_3d_ehull": HULL_DISTANCE.name,
}


def cuts(given: argparse.Namespace) -> tuple[Cut, ...]:
    """A split for each file of ids, ``leaderboard-dft_3d_ehull`` of ``dft_3d_ehull.json.zip``.

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
    return tuple(_cut(file) for file in given.ids)


def _cut(file: str) -> Cut:
    name = Path(file).name.split(".")[0]
    settings = {"file": file, "unknown": "drop", "repeated": "held_out"}
    return Cut("fixed", settings, f"leaderboard-{name}", column=COLUMNS.get(name))


def arguments(parser: argparse.ArgumentParser) -> None:
    """The files of ids."""
    parser.add_argument(
        "--ids", nargs="+", default=[], metavar="FILE", help="published splits by id (.json.zip)"
    )
