"""Pairs of structures before and after relaxation (Goodall 2022, thesis 6.4).

python -m matdata_recipes.pairs --from pairs.json

Records with `structure`, `initial_structure` and `formation_energy_per_atom`. A model that needs
coordinates is trained on relaxed structures and tested on initial ones, which are all that is
known of a candidate (split `relaxed-initial`); the D variants are trained on both structures of a
basin with the energy of the relaxed one (split `both-initial`). Both splits test the same basins.
The thesis has 9,256 relaxed structures of TAATA and their initial ones, on request.
"""

from __future__ import annotations

import argparse
import sys

from matdata_recipes.common import Cut, Recipe, run

RATIOS = "80/10/10"
BOTH = {"train": "both", "val": "both"}


def recipe(given: argparse.Namespace) -> Recipe:
    """The pairs and their splits."""
    return Recipe(
        name="pairs",
        where="a table of your own, or WBM: relaxed and initial structures of matbench-discovery",
        rows=None,
        curation={"dedupe": "none"},
        columns={"initial_col": "initial_structure", "targets": ("formation_energy_per_atom",)},
        cuts=(
            Cut("pairs", {"ratios": RATIOS}, name="relaxed-initial"),
            Cut("pairs", {"ratios": RATIOS, **BOTH}, name="both-initial"),
        ),
    )


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__))
