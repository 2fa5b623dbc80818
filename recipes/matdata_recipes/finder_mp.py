"""The six Materials Project sets of Finder (section 2.1, tables 1 and 2).

python -m matdata_recipes.finder_mp                # from the Materials Project; needs MP_API_KEY
python -m matdata_recipes.finder_mp --from summary.jsonl.gz
python -m matdata_recipes.finder_mp --from e_form/train.csv e_form/val.csv e_form/test.csv

Of each composition the polymorph of lowest energy stays, so that no composition stands twice;
formation energy, final energy and band gap share one set of 68,699, the refractive index has
3,920 and the moduli 7,025, learnt as `log10(k_vrh)` and `log10(g_vrh)`. All are split 70/15/15.
The paper does not name the version of the database: a later one holds more. Whether it chose
polymorphs before or after asking for a modulus is not said; here the polymorph is chosen first.

Tables train, val and test of one property are taken as they were published (formulas, and crystals
where there is a column ``cif``): nothing is left out, and which file a row stands in is its part.
The dataset has the name of their folder; ``--target`` names the column to learn.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from matdata.core.errors import ConfigError, SourceError
from matdata.sources.readers.opening import plain_stem
from matdata.splits import PARTS
from matdata_recipes.common import Cut, Recipe, run
from matdata_recipes.properties import G_VRH, K_VRH, MP, MP_INDEX

RATIOS = {"ratios": "70/15/15"}


def recipe(given: argparse.Namespace) -> Recipe:
    """One dataset, a split for each group of properties; or one with its published parts.

    Raises
    ------
    SourceError
        If some files are parts and not all three of one folder are given.
    """
    parts = [plain_stem(Path(name)) for name in given.files]
    if {*PARTS} & {*parts}:
        return _published(given, parts)
    if given.target is not None:
        raise ConfigError("--target is of published tables: --from train.csv val.csv test.csv")
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


def _published(given: argparse.Namespace, parts: list[str]) -> Recipe:
    folders = {Path(name).resolve().parent.name for name in given.files}
    if sorted(parts) != sorted(PARTS) or len(folders) > 1:
        raise SourceError(
            f"the files are {', '.join(given.files)}; expected train, val and test of one folder",
            next_step="give all three; run the recipe once for each property",
        )
    return Recipe(
        name=f"finder-{folders.pop()}",
        where="the tables of the authors' code (https://github.com/ihalage/Finder)",
        curation={"dedupe": "none"},
        columns={"targets": [given.target or "target"]},
        label="part",
        cuts=(Cut("fixed", {"column": "part"}, "published"),),
    )


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this recipe alone."""
    parser.add_argument("--target", metavar="COLUMN", help="column of published tables to learn")


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__, more=arguments))
