"""The extended composition sets of L-G-DCNN (figure 4), with their published splits.

python -m matdata_recipes.lgdcnn_extended --from OQMD_Bandgap/train.csv.gz OQMD_Bandgap/val.csv.gz \
    OQMD_Bandgap/test.csv.gz

The three files are one dataset, and which of them a row stands in is its part: the split is the
published one, row by row. Formulas that stand twice stay, as they were published. The name of the
folder is that of the set (18 sets from AFLOW, MP, OQMD and Bartel et al.).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from matdata.core.errors import SourceError
from matdata_recipes.common import Cut, Recipe, run

SETS = "https://github.com/anthony-wang/CrabNet (data/benchmark_data)"


def recipe(given: argparse.Namespace) -> Recipe:
    """One of the sets and its published split."""
    folders = {Path(name).resolve().parent.name for name in given.files}
    if len(folders) > 1:
        raise SourceError(
            f"the files are of several sets: {', '.join(sorted(folders))}",
            next_step="give train, val and test of one set; run the recipe once for each",
        )
    name = given.name or next(iter(folders), "set")
    return Recipe(
        name=f"lgdcnn-{name}",
        where=f"train.csv, val.csv and test.csv of a set of {SETS}",
        curation={"dedupe": "none"},
        columns={"targets": ["target"]},
        label="part",
        cuts=(Cut("fixed", {"column": "part"}, "published"),),
    )


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this recipe alone."""
    parser.add_argument("--name", help="name of the set, instead of its folder's")


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__, more=arguments))
