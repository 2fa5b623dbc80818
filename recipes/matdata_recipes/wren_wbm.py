"""WBM: materials made by substitution of similar elements (Goodall 2022, thesis 6.3.2, table 6.3).

python -m matdata_recipes.wren_wbm --from step_1.json.bz2 … step_5.json.bz2 --without wren-mp

257,489 materials in five batches (column ``batch``), of which cleaning leaves 250,226; 220,751
are not in the Materials Project (--without, a dataset made by `wren_mp.py`). The set tests a
model that was trained on the Materials Project (`wren_mp_wbm.py`), so it has no split of its own.
Energies are corrected as those of the Materials Project are (`wbm.py`); --summary adds the
formation energies and hull distances of matbench-discovery.
"""

from __future__ import annotations

import argparse
import functools
import sys

from matdata_recipes.common import GOODALL, Recipe, run
from matdata_recipes.wbm import WHERE, add_summary, batches

FUNNEL = (257489, 250302, 250280, 250239, 250227, 250226)


def recipe(given: argparse.Namespace) -> Recipe:
    """The data set and its funnel."""
    return Recipe(
        name="wren-wbm",
        where=WHERE,
        rows=220751,
        funnel=FUNNEL,
        curation=GOODALL,
        items=functools.partial(batches, limit=given.limit, summary=given.summary),
        drop_in=(given.without,) if given.without else (),
    )


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this recipe alone."""
    add_summary(parser)
    parser.add_argument("--without", metavar="DATASET", help="leave out what this one holds")


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__, more=arguments))
