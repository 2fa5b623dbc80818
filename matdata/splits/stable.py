"""Stable split: a material never changes its part when the database grows.

A material's keyed number (see `ranking`) is compared with fixed thresholds, so its part depends
on the seed, the ratios and the material alone, never on the other materials. The price
is that ratios are met approximately: a share p of n materials has a standard deviation of
sqrt(p (1 - p) n). Test takes the lowest numbers, then val: changing the share of val moves no
test material.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matdata.core.errors import SplitError
from matdata.core.settings import Settings, setting
from matdata.splits.base import Method, Split, parts_from_names
from matdata.splits.columns import Columns, Ids
from matdata.splits.names import split_name
from matdata.splits.ranking import BITS, keyed_numbers
from matdata.splits.ratios import Ratios, parse_ratios


@dataclass(frozen=True)
class StableSettings(Settings):
    """Settings of the stable split."""

    ratios: str = setting("80/10/10", "percentages or fractions of train/val/test")
    seed: int = setting(0, "seed of the draw", minimum=0)
    by: tuple[str, ...] = setting(
        (), "columns whose values replace the id, so that groups stay together"
    )


def stable_split(ids: Ids, columns: Columns, settings: StableSettings) -> list[Split]:
    """Split by thresholds on each material's keyed number.

    Raises
    ------
    SplitError
        If counts are given, or a part stays empty.
    """
    ratios = parse_ratios(settings.ratios)
    if ratios.counts:
        raise SplitError(
            f"a stable split cannot meet the counts {ratios.text}; expected ratios",
            cause="each material is placed independently of the others",
            next_step="give percentages such as 80/10/10, or use the random split",
        )
    texts = ids.tolist()
    if settings.by:
        labels = columns.joint_labels(settings.by)
        texts = [id_ if label is None else label for id_, label in zip(texts, labels, strict=True)]
    names = thresholded(texts, ratios, settings.seed)
    parts = parts_from_names(ids, names)
    for part in ratios.shares:
        parts.setdefault(part, ids[:0])  # an empty part is refused by name, not dropped
    obtained = "/".join(f"{100 * np.mean(names == part):.2f}" for part in ratios.shares)
    note = f"ratios are met approximately: requested {ratios.text}, obtained {obtained}"
    name = split_name("stable", ratios.slug, by=settings.by, seed=settings.seed)
    return [Split(name, "stable", settings.to_dict(), parts, (note,))]


def thresholded(texts: list[str], ratios: Ratios, seed: int) -> Ids:
    """Part of each text, (n,): the interval of the cumulated shares that holds its number."""
    order = [part for part in ("test", "val", "train") if part in ratios.shares]
    bounds, cumulated = [], 0
    for part in order[:-1]:
        cumulated += int(ratios.shares[part] * 2**BITS)
        bounds.append(cumulated)
    interval = np.searchsorted(
        np.array(bounds, dtype=np.uint64), keyed_numbers(texts, seed, "stable"), side="right"
    )
    return np.array(order, dtype=np.str_)[interval]


METHOD = Method("stable", StableSettings, stable_split)
