"""JARVIS-DFT with the splits by id of its leaderboard.

python -m matdata_recipes.leaderboard_jarvis --from jdft_3d-8-18-2021.json \
    --ids dft_3d_ehull.json.zip dft_3d_bulk_modulus_kv.json.zip

Formation energy, gaps (OptB88vdW, MBJ), moduli and distance from the hull, each with its own split.
There are 19,680 moduli: OCrystalNet's table 3 has 18,300, split 80:10:10 (`ocrystalnet_jarvis.py`),
and errors on the one do not belong beside errors on the other.
"""

from __future__ import annotations

import argparse
import sys

from matdata_recipes import leaderboards
from matdata_recipes.common import Recipe, run
from matdata_recipes.properties import JARVIS

arguments = leaderboards.arguments


def recipe(given: argparse.Namespace) -> Recipe:
    """The data set and the splits that are given."""
    return Recipe(
        name="leaderboard-jarvis",
        where="dft_3d of JARVIS-DFT of August 2021 "
        "(https://figshare.com/articles/dataset/6815699), its zip archive unpacked; the ids: "
        f"{leaderboards.WHERE}",
        curation={"dedupe": "none"},
        properties=JARVIS,
        cuts=leaderboards.cuts(given),
    )


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__, more=arguments))
