"""Formation enthalpies of 256,620 compositions of the OQMD (Goodall 2022, thesis 4.2 and 4.3).

python -m matdata_recipes.roost_oqmd_formation_enthalpy --from oqmd.csv

One entry a composition, the polymorph of lowest energy, as Jha et al. (Sci. Rep. 8, 17593, 2018)
chose them; a tenth is the test set, fixed for all points of the learning curve.
"""

from __future__ import annotations

import argparse
import sys

from matdata_recipes.common import Cut, Recipe, run


def recipe(given: argparse.Namespace) -> Recipe:
    """The data set and its split."""
    return Recipe(
        name="roost-oqmd-formation-enthalpy",
        where="the table of Jha et al. at https://github.com/NU-CUCIS/ElemNet as a file with "
        "columns formula and formation_energy_per_atom (eV/atom), or an export of "
        "https://oqmd.org",
        rows=256620,
        curation={"dedupe": "polymorph"},
        cuts=(Cut("random", {"ratios": "90/10"}), Cut("random", {"ratios": "80/10/10"})),
    )


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__))
