"""The JARVIS sets of OCrystalNet (table 1 and experiment setups), split 80:10:10.

python -m matdata_recipes.ocrystalnet_jarvis --from jdft_3d-8-18-2021.json

55,712 materials with OptB88vdW gap and formation energy, 18,167 with the gap of MBJ, and 18,300
with bulk and shear modulus, in GPa. The paper names no version of JARVIS-DFT; 55,712 is near the
release of August 2021. The leaderboard of JARVIS has 19,680 moduli, split by id: that is another
set, see `leaderboard_jarvis.py`.
"""

from __future__ import annotations

import argparse
import sys

from matdata_recipes.common import Cut, Recipe, run
from matdata_recipes.properties import (
    BULK_MODULUS,
    JARVIS,
    JARVIS_FORMATION_ENERGY,
    MBJ_GAP,
    OPT_GAP,
    SHEAR_MODULUS,
)

RATIOS = {"ratios": "80/10/10"}


def recipe(given: argparse.Namespace) -> Recipe:
    """The data set and its splits."""
    return Recipe(
        name="ocrystalnet-jarvis",
        where="dft_3d of JARVIS-DFT (https://figshare.com/articles/dataset/6815699, or "
        "jarvis.db.figshare), its zip archive unpacked",
        rows=55712,
        curation={"dedupe": "none"},
        properties=JARVIS,
        cuts=(
            Cut("random", RATIOS, "opt-80-10-10", (OPT_GAP, JARVIS_FORMATION_ENERGY), paper=55712),
            Cut("random", RATIOS, "mbj-80-10-10", (MBJ_GAP,), paper=18167),
            Cut("random", RATIOS, "KG-80-10-10", (BULK_MODULUS, SHEAR_MODULUS), paper=18300),
        ),
    )


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__))
