"""EX: experimental band gaps of 3,895 non-metals (Goodall 2022, thesis 4.2 and 4.5).

python -m matdata_recipes.roost_expt_band_gaps --from expt-non-metals.csv

Some compositions stand more than once, with different gaps; the paper keeps them, and so does
this. A fifth of the data is the test set. In the last split that fifth is a validation part, whose
errors are on record for each epoch (figure 4.6), and nothing is tested.
"""

from __future__ import annotations

import argparse
import sys

from matdata_recipes.common import Cut, Recipe, run


def recipe(given: argparse.Namespace) -> Recipe:
    """The data set and its split."""
    return Recipe(
        name="roost-expt-band-gaps",
        where="expt-non-metals.csv of https://github.com/CompRhys/roost (data/datasets/roost), "
        "from Zhuo et al., J. Phys. Chem. Lett. 9, 1668 (2018)",
        rows=3895,
        columns={"targets": ["Eg"]},
        cuts=(
            Cut("random", {"ratios": "80/20"}),
            Cut("random", {"ratios": "70/10/20"}),
            Cut("random", {"ratios": "80/20/0"}),
        ),
    )


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__))
