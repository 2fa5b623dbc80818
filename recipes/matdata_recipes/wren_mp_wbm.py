"""The union of the Materials Project and WBM: 322,915 materials (Goodall 2022, thesis 6.3.2, 6.7).

python -m matdata_recipes.wren_mp_wbm --from step_1.json.bz2 … step_5.json.bz2 \
    [--mp summary.jsonl.gz]

Energies of WBM are corrected as those of MP are (`wbm.py`). Both are cleaned as one set: of each
canonical Wyckoff representation the lowest energy stays. The
thesis removes 2,446 materials of MP for that (104,610 + 220,751 - 322,915). It keeps MP's
elements where both hold one; here those of WBM stay if they are lower, which can concern some
tens of elements. Splits: 5 % test (6.7), and training on MP with WBM as test (6.6).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from matdata.sources import find_source
from matdata.sources.base import Request
from matdata.sources.read_options import ReadOptions
from matdata_recipes.common import GOODALL, Cut, Recipe, run
from matdata_recipes.gathered import Item
from matdata_recipes.wbm import WHERE, batches


def recipe(given: argparse.Namespace) -> Recipe:
    """The union and its splits."""

    def items(paths: list[Path]) -> list[Item]:
        options = ReadOptions(energy="energy_per_atom") if given.mp else ReadOptions()
        mp = find_source(given.mp or "mp", Request(limit=given.limit, options=options))
        return [
            Item(mp, {"screening": "train", "batch": 0}),
            *batches(paths, given.limit, screening="test"),
        ]

    return Recipe(
        name="wren-mp-wbm",
        where=WHERE,
        rows=322915,
        curation=GOODALL,
        items=items,
        cuts=(Cut("random", {"ratios": "95/5"}), Cut("fixed", {"column": "screening"})),
    )


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this recipe alone."""
    parser.add_argument("--mp", metavar="FILE", help="summary documents of the Materials Project")


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__, more=arguments))
