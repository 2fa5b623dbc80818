"""The Materials Project as Wren is trained on it (Goodall 2022, thesis 6.3.2, table 6.2).

python -m matdata_recipes.wren_mp                  # from the Materials Project; needs MP_API_KEY
python -m matdata_recipes.wren_mp --from summary.jsonl.gz

139,367 materials, of which cleaning leaves 104,610. The thesis trains on all of them and tests
on WBM (`wren_mp_wbm.py`); the split here keeps a tenth for validation.
"""

from __future__ import annotations

import argparse
import sys

from matdata_recipes.common import GOODALL, Cut, Recipe, run

FUNNEL = (139367, 138927, 128904, 108378, 104791, 104610)


def recipe(given: argparse.Namespace) -> Recipe:
    """The data set and its funnel."""
    return Recipe(
        name="wren-mp",
        where="the Materials Project (https://materialsproject.org, with MP_API_KEY), or a file of "
        "its summary documents",
        source="mp",
        rows=104610,
        funnel=FUNNEL,
        curation=GOODALL,
        cuts=(Cut("random", {"ratios": "90/10/0"}),),
    )


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__))
