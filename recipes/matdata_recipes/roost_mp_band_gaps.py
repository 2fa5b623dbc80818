"""Band gaps of 43,921 non-metals of the Materials Project (Goodall 2022, thesis 4.2 and 4.5).

python -m matdata_recipes.roost_mp_band_gaps --from mp-non-metals.csv --expt expt-non-metals.csv

Non-metals are materials with a gap above zero; of each composition the polymorph of lowest
energy stays. With --expt the set of the transfer from MP to EX is built as well: MP without the
compositions of EX (4.5). The thesis does not give its size, and names no split of this set; all of
it trains, but for a tenth that is kept for validation.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from matdata.core.console import SILENT
from matdata_recipes import roost_expt_band_gaps
from matdata_recipes.common import Cut, Recipe, make, run
from matdata_recipes.gathered import Above

TRANSFER = "roost-mp-band-gaps-without-expt"


def recipe(given: argparse.Namespace) -> list[Recipe]:
    """The data set, and the one without EX."""
    whole = Recipe(
        name="roost-mp-band-gaps",
        where="mp-non-metals.csv of https://github.com/CompRhys/roost (data/datasets/roost), or "
        "the Materials Project itself (without --from; needs MP_API_KEY)",
        source="mp",
        rows=43921,
        curation={"dedupe": "polymorph"},
        columns={"targets": ["band_gap"]},
        rules=(Above(("band_gap",), 0.0),),
        cuts=(Cut("random", {"ratios": "90/10/0"}),),
    )
    if not given.expt:
        return [whole]
    values = {**vars(given), "files": [str(Path(given.expt))], "output": None}
    expt = make(roost_expt_band_gaps.recipe(given), argparse.Namespace(**values), SILENT)
    without = replace(
        whole, name=TRANSFER, rows=None, drop_in=(expt.dataset.ref,), drop_by="formula"
    )
    return [whole, without]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this recipe alone."""
    parser.add_argument("--expt", metavar="FILE", help="the EX set: build MP without it as well")


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__, more=arguments))
