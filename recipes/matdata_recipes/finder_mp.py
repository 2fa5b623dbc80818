"""The six Materials Project sets of Finder (section 2.1, tables 1 and 2).

python -m matdata_recipes.finder_mp                # from the Materials Project; needs MP_API_KEY
python -m matdata_recipes.finder_mp --from summary.jsonl.gz

Of each composition the polymorph of lowest energy stays, so that no composition stands twice;
formation energy, final energy and band gap share one set of 68,699, the refractive index has
3,920 and the moduli 7,025, learnt as `log10(k_vrh)` and `log10(g_vrh)`. All are split 70/15/15.
The paper does not name the version of the database: a later one holds more. Whether it chose
polymorphs before or after asking for a modulus is not said; here the polymorph is chosen first.
"""

from __future__ import annotations

import argparse
import sys

from matdata_recipes.common import Cut, Recipe, run
from matdata_recipes.properties import G_VRH, K_VRH, MP, MP_INDEX

RATIOS = {"ratios": "70/15/15"}


def recipe(given: argparse.Namespace) -> Recipe:
    """One dataset, a split for each group of properties."""
    return Recipe(
        name="finder-mp",
        where="the Materials Project (https://materialsproject.org, with MP_API_KEY), or a file of "
        "its summary documents",
        source="mp",
        rows=68699,
        curation={"dedupe": "polymorph"},
        properties=MP,
        cuts=(
            Cut("random", RATIOS),
            Cut("random", RATIOS, "n-70-15-15", (MP_INDEX,), paper=3920),
            Cut("random", RATIOS, "log-KG-70-15-15", (K_VRH, G_VRH), above=0.0, paper=7025),
        ),
    )


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__))
