"""The JARVIS sets of OCrystalNet (table 1 and experiment setups), split 80:10:10.

python recipes/ocrystalnet_jarvis.py --from jdft_3d-8-18-2021.json

55,712 materials with OptB88vdW gap and formation energy, 18,167 with the gap of MBJ, and 18,300
with bulk and shear modulus. The paper names no version of JARVIS-DFT; 55,712 is near the
release of August 2021.
"""

from __future__ import annotations

import argparse
import sys

from common import Cut, Recipe, run

RATIOS = {"ratios": "80/10/10"}
GAP = ("optb88vdw_bandgap", "op_gap")
ENERGY = ("formation_energy_peratom", "form_enp")
MODULI = (("bulk_modulus_kv", "kv"), ("shear_modulus_gv", "gv"))


def recipe(given: argparse.Namespace) -> Recipe:
    """The data set and its splits."""
    return Recipe(
        name="ocrystalnet-jarvis",
        where="dft_3d of JARVIS-DFT (https://figshare.com/articles/dataset/6815699, or "
        "jarvis.db.figshare), its zip archive unpacked",
        rows=55712,
        curation={"dedupe": "none"},
        cuts=(
            Cut("random", RATIOS, "opt-80-10-10", (GAP, ENERGY), paper=55712),
            Cut("random", RATIOS, "mbj-80-10-10", (("mbj_bandgap", "mbj_gap"),), paper=18167),
            Cut("random", RATIOS, "KG-80-10-10", MODULI, paper=18300),
        ),
    )


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__))
