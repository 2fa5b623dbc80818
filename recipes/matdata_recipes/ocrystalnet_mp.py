"""The Materials Project sets of OCrystalNet (table 1 and experiment setups).

python -m matdata_recipes.ocrystalnet_mp --from mp.2018.6.1.json

69,239 band gaps and formation energies, split 60,000/4,619/4,620 as for MEGNet, and 5,830 bulk and
shear moduli, for which the paper gives no split: 80/10/10 here. These are the crystals of the
Materials Project of June 2018, polymorphs included. Table 2 prints errors of log10(K) and log10(G):
learn `log10(k_vrh)` and `log10(g_vrh)`, as the presets do.
"""

from __future__ import annotations

import argparse
import sys

from matdata_recipes.common import Cut, Recipe, run
from matdata_recipes.properties import G_VRH, K_VRH, MP

RATIOS = {"ratios": "80/10/10"}


def recipe(given: argparse.Namespace) -> Recipe:
    """The data set and its splits."""
    return Recipe(
        name="ocrystalnet-mp",
        where="MP-crystals-2018.6.1 (mp.2018.6.1.json) of the MEGNet authors, "
        "https://figshare.com/ndownloader/files/15087992, unpacked; or the Materials Project of "
        "today (without --from; needs MP_API_KEY)",
        source="mp",
        rows=69239,
        curation={"dedupe": "none"},
        properties=MP,
        cuts=(
            Cut("random", {"counts": (60000, 4619, 4620)}, paper=69239),
            Cut("random", RATIOS, "KG-80-10-10", (K_VRH, G_VRH), above=0.0, paper=5830),
        ),
    )


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__))
