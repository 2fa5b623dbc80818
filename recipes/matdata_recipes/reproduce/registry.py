"""All tables and figures, by name."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping

from matdata.plugin import ConfigError
from matdata_recipes.reproduce import of_finder, of_goodall, of_lgdcnn, of_ocrystalnet
from matdata_recipes.reproduce.items import Item

_PAPERS = (of_finder, of_goodall, of_lgdcnn, of_ocrystalnet)
ITEMS: Mapping[str, Item] = {one.ref: one for paper in _PAPERS for one in paper.ITEMS}


def find(name: str) -> Item:
    """An item by its name.

    Raises
    ------
    ConfigError
        If there is none, with the closest known ones.
    """
    if name in ITEMS:
        return ITEMS[name]
    import difflib

    closest = difflib.get_close_matches(name, ITEMS, n=1)
    meant = f" (did you mean {closest[0]!r}?)" if closest else ""
    raise ConfigError(
        f"no table or figure {name!r}{meant}",
        next_step="`matdata reproduce --list` prints all of them, as PAPER:ITEM",
    )


def matching(pattern: str) -> list[Item]:
    """Items whose names match a pattern, or that of a paper.

    Raises
    ------
    ConfigError
        If none does.
    """
    names = fnmatch.filter(ITEMS, pattern) or fnmatch.filter(ITEMS, f"{pattern}:*")
    return [ITEMS[name] for name in names] if names else [find(pattern)]
