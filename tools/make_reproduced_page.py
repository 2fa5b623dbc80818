"""Writes docs/reproduced.md: every table and figure of the papers, with how near we are."""

from __future__ import annotations

from pathlib import Path

from matdata_recipes.places import shipped
from matdata_recipes.reproduce.ours import read
from matdata_recipes.reproduce.registry import ITEMS
from matdata_recipes.reproduce.report import entry, markdown

TEXT = """\
# Tables and figures of the papers

`matdata reproduce PAPER:ITEM --from DATA` carries out what one takes ([recipes](recipes.md)); this
page is what `recipes/results` and `recipes/analyses` hold (`tools/make_reproduced_page.py`).
Statuses are computed.

"""


def text() -> str:
    """The page."""
    records = read([shipped("results")], [shipped("analyses")])
    return TEXT + markdown([entry(item, records) for item in ITEMS.values()])


def main() -> None:
    """Write the page."""
    path = Path(__file__).parents[1] / "docs" / "reproduced.md"
    path.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
