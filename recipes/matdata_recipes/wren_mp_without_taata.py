"""The Materials Project without the ternaries that TAATA holds (Goodall 2022, thesis 6.5).

python -m matdata_recipes.wren_mp_without_taata                         # needs MP_API_KEY
python -m matdata_recipes.wren_mp_without_taata --from summary.jsonl.gz

What a model has to find in Ti-Zn-N, Zr-Zn-N and Hf-Zn-N (`taata.py`) it must not be trained on: all
materials of exactly these three elements are left out. Their binaries stay, and so do compounds
with further elements. The thesis counts the materials with Ti (4,477), Zr (2,680) and Hf (1,749)
that are left.
"""

from __future__ import annotations

import argparse
import sys

from matdata_recipes.common import GOODALL, Cut, Recipe, run

SYSTEMS = ("N-Ti-Zn", "N-Zn-Zr", "Hf-N-Zn")
WITHOUT = " and ".join(f"chemsys != '{system}'" for system in SYSTEMS)


def recipe(given: argparse.Namespace) -> Recipe:
    """The data set and its split."""
    return Recipe(
        name="wren-mp-without-taata",
        where="the Materials Project (https://materialsproject.org, with MP_API_KEY), or a file of "
        "its summary documents",
        source="mp",
        curation={**GOODALL, "where": WITHOUT},
        cuts=(Cut("random", {"ratios": "90/10/0"}),),
    )


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__))
