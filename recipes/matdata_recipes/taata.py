"""TAATA: Ti-Zn-N, Zr-Zn-N and Hf-Zn-N (Goodall 2022, thesis 6.2, table 6.1).

python -m matdata_recipes.taata --from taata.json.gz

12,815 calculations of Tholander et al. (J. Appl. Phys. 120, 225102, 2016), of which cleaning
leaves 9,256. Split by composition prototype: of each {Ti, Zr, Hf} trio two systems train and
one tests; the thesis tests on 3,087.
"""

from __future__ import annotations

import argparse
import sys

from matdata_recipes.common import GOODALL, Cut, Recipe, run


def recipe(given: argparse.Namespace) -> Recipe:
    """The data set, its funnel and its split."""
    return Recipe(
        name="taata",
        where="the authors of Tholander et al., J. Appl. Phys. 120, 225102 (2016), as records "
        "with structure and energy_per_atom",
        rows=9256,
        funnel=(12815, 12801, 9775, 9552, 9256, 9256),
        curation=GOODALL,
        cuts=(Cut("taata", {}),),
    )


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__))
