"""MP-crystals-2018.6.1 with the splits by id of the JARVIS leaderboard: 60,000/5,000/4,239.

python -m matdata_recipes.leaderboard_mp --from mp.2018.6.1.json --ids megnet_e_form.json.zip \
    megnet_gappbe.json.zip

The crystals are those of OCrystalNet's table 2; the split is not (60,000/4,619/4,620, drawn by a
seed): errors on the one do not belong beside errors on the other. Values are those of the file of
structures; today's Materials Project has other corrections, and other energies under one id.
"""

from __future__ import annotations

import argparse
import sys

from matdata_recipes import leaderboards
from matdata_recipes.common import Recipe, run
from matdata_recipes.properties import MP

arguments = leaderboards.arguments


def recipe(given: argparse.Namespace) -> Recipe:
    """The data set and the splits that are given."""
    return Recipe(
        name="leaderboard-mp",
        where="MP-crystals-2018.6.1 (mp.2018.6.1.json) of the MEGNet authors, "
        "https://figshare.com/ndownloader/files/15087992, unpacked; the ids: "
        f"{leaderboards.WHERE}",
        rows=69239,
        curation={"dedupe": "none"},
        properties=MP,
        cuts=leaderboards.cuts(given),
    )


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__, more=arguments))
