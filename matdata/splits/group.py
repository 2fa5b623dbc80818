"""Group split: materials that share a column's value stay in one part."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.core.errors import SplitError
from matdata.core.settings import Settings, setting
from matdata.splits.base import Method, Split, parts_from_names
from matdata.splits.columns import Columns, Ids
from matdata.splits.grouping import REST, Groups, assign, group_notes
from matdata.splits.names import split_name
from matdata.splits.random import left_out_note
from matdata.splits.ratios import parse_ratios


@dataclass(frozen=True)
class GroupSettings(Settings):
    """Settings of the group split."""

    by: tuple[str, ...] = setting((), "columns to group by (formula, chemsys, ...)")
    ratios: str = setting("80/10/10", "percentages, fractions or counts of train/val/test")
    seed: int = setting(0, "seed of the draw", minimum=0)


def group_split(ids: Ids, columns: Columns, settings: GroupSettings) -> list[Split]:
    """Split whole groups, with ratios as close as the groups allow.

    Raises
    ------
    SplitError
        If no column is given or a column is unknown, or there are fewer groups than parts.
    """
    if not settings.by:
        raise SplitError(
            "a group split needs a column to group by",
            next_step=f"set by to one or more of: {', '.join(columns.names()) or 'no columns'}",
        )
    groups = Groups.of(ids, columns.joint_labels(settings.by))
    ratios = parse_ratios(settings.ratios)
    sizes = ratios.sizes(len(ids))
    rest = len(ids) - sum(sizes.values())
    targets = {**sizes, REST: rest} if rest else sizes
    names = assign(groups, targets, settings.seed, "group")
    parts = parts_from_names(ids, names)
    notes = group_notes(groups, targets, names, settings.by)
    notes += left_out_note(len(ids), {part: len(inside) for part, inside in parts.items()})
    name = split_name("group", ratios.slug, by=settings.by, seed=settings.seed)
    return [Split(name, "group", settings.to_dict(), parts, notes)]


METHOD = Method("group", GroupSettings, group_split)
