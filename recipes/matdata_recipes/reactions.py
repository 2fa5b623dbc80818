"""Solid-state reactions: 16,231 with up to ten precursors, 11,083 with up to three (Goodall 2022).

python -m matdata_recipes.reactions --from solid-state_dataset_2019-12-03.json.xz

Thesis, chapter 5 and appendix A.2: reactions with variable compositions are kept, a variable being
the mean of its range; those with organic or unresolved materials, with an element as product or
with one precursor are removed; the rest is split 80:20 at random. The source `reactions` does this,
and its ledger says why a reaction is left out.

The counts are not those of the thesis: its release of 2019-06-27 holds "over 19,000" reactions,
that of 2019-12-03 holds 30,031; and the thesis left out 2,400 DOIs, products and precursors by
hand.

A random split asks little: many reactions are published several times. Splits by product, chemical
system, paper, year, and by product and precursors together come with it; `matdata audit` counts
what they share.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from matdata.plugin import Request, find_source
from matdata_recipes.common import Cut, Recipe, run
from matdata_recipes.gathered import Item, Property

WHERE = "https://doi.org/10.6084/m9.figshare.9722159 (Kononova et al., Sci. Data 6, 203, 2019)"
RATIOS = {"ratios": "80/20"}
REMARKS = (
    "another release: the thesis read that of 2019-06-27, of over 19,000 reactions",
    "another rule: the thesis left out 2,400 DOIs, products and precursors by hand; what cannot be "
    "resolved is left out here, with its reason in the ledger",
)


def _by(column: str) -> Cut:
    return Cut("group", {"by": (column,), **RATIOS}, f"by-{column}-80-20")


def recipe(given: argparse.Namespace) -> Recipe:
    """The set with up to ten precursors, the one with up to three, and splits that do not leak."""
    by_year: dict[str, Any] = {"column": "year", "undated": "leave_out", **RATIOS}
    return Recipe(
        name="reactions",
        where=WHERE,
        rows=16231,
        items=lambda paths: [
            Item(find_source("reactions", Request(file=path, limit=given.limit))) for path in paths
        ],
        ledger=True,
        remarks=REMARKS,
        cuts=(
            Cut("random", RATIOS, "up-to-10-80-20", paper=16231),
            Cut(
                "random",
                RATIOS,
                "up-to-3-80-20",
                (Property("n_precursors", "1"),),
                most=3,
                paper=11083,
            ),
            _by("formula"),
            _by("chemsys"),
            _by("doi"),
            _by("reaction"),
            Cut("time", by_year, "by-year-80-20"),
        ),
    )


if __name__ == "__main__":
    sys.exit(run(recipe, __doc__))
