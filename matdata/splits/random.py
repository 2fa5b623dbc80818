"""Random split with exact ratios or counts.

The drawn order is cut from its start: test first, then val, then train. The test part therefore
depends only on the seed and its own size: 70/15/15 and 80/5/15 of one dataset have the same test
materials, and with counts a smaller training set lies within a larger one (learning curves).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matdata.core.settings import Settings, setting
from matdata.splits.base import Method, Split
from matdata.splits.columns import Columns, Ids
from matdata.splits.names import split_name
from matdata.splits.ranking import ranked
from matdata.splits.ratios import parse_ratios


@dataclass(frozen=True)
class RandomSettings(Settings):
    """Settings of the random split."""

    ratios: str = setting("80/10/10", "percentages, fractions or counts of train/val/test")
    seed: int = setting(0, "seed of the draw", minimum=0)


def random_split(ids: Ids, columns: Columns, settings: RandomSettings) -> list[Split]:
    """Split at random, with exactly the requested sizes.

    Raises
    ------
    SplitError
        If the ratios cannot be met with this many materials.
    """
    ratios = parse_ratios(settings.ratios)
    sizes = ratios.sizes(len(ids))
    parts = cut(ids[ranked(ids, settings.seed, "random")], sizes)
    name = split_name(ratios.slug, seed=settings.seed)
    notes = left_out_note(len(ids), sizes)
    return [Split(name, "random", settings.to_dict(), parts, notes)]


def cut(order: Ids, sizes: Mapping[str, int]) -> dict[str, Ids]:
    """Cut ordered ids (n,) into test, val and train, from the start; the rest is in no part."""
    parts, start = {}, 0
    for part in ("test", "val", "train"):
        if part in sizes:
            parts[part] = order[start : start + sizes[part]]
            start += sizes[part]
    return parts


def left_out_note(n: int, sizes: Mapping[str, int]) -> tuple[str, ...]:
    """A note about materials that the counts leave out, if there are any."""
    rest = n - sum(sizes.values())
    return (f"{rest} of {n} materials are in no part: the counts request fewer",) if rest else ()


METHOD = Method("random", RandomSettings, random_split)
